// A measured model as text and as JSON.
#pragma once

#include "chainrule/core/json.h"
#include "chainrule/data/schema.h"
#include "chainrule/train/evaluate.h"
#include "cli/terminal.h"

namespace chainrule::cli {

/// All measures that the task has, each class or target, and the confusion matrix.
void print_result(const Terminal& out, const Evaluation& e, const Schema& schema);
JsonObject evaluation_json(const Evaluation& e, const Schema& schema);

}  // namespace chainrule::cli
