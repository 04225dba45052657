// A diagnosis as text and as JSON.
#pragma once

#include <string>

#include "chainrule/core/json.h"
#include "chainrule/doctor/doctor.h"
#include "cli/terminal.h"

namespace chainrule::cli {

/// `folder`: where the pictures were written.
void print_diagnosis(const Terminal& out, const Diagnosis& d, const std::string& folder);
JsonObject diagnosis_json(const Diagnosis& d);

/// "--model 'linear 8, relu, linear 1' --lr 0.01", as a shell takes it.
std::string flags_text(const Flags& flags);
/// "99.5 %", or R^2 as it is.
std::string score_text(const Answer& answer, double score);

}  // namespace chainrule::cli
