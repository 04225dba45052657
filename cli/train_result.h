// What a run has reached, in words, in the model file and in JSON.
#pragma once

#include <string>

#include "chainrule/core/json.h"
#include "chainrule/model/model.h"
#include "chainrule/train/evaluate.h"

namespace chainrule::cli {

/// "accuracy 97.65 %, loss 0.0812, AUC 0.9981"
std::string describe_result(const Evaluation& e, const Schema& schema);
/// Keeps it among the model's metrics; `part` is "train" or "test".
void remember(Model& model, const char* part, const Evaluation& e);
void add_result(JsonObject& json, const std::string& part, const Evaluation& e, Task task);

}  // namespace chainrule::cli
