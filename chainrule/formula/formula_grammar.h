// The grammar of formulas.
#pragma once

#include <string_view>
#include <vector>

#include "chainrule/formula/formula_recorder.h"

namespace chainrule::detail {

/// Reads the text of the recorder's formula and records it. Throws Error, marked in the text.
void read_formula(FormulaRecorder& recorder);

/// Does the name, before a bracket, call something? Every operation of the registry does.
bool is_function(std::string_view name);
std::vector<std::string_view> function_names();

}  // namespace chainrule::detail
