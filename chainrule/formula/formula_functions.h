// The functions that a formula may call.
#pragma once

#include <string_view>
#include <vector>

#include "chainrule/graph/graph.h"

namespace chainrule::detail {

struct FormulaFunction {
  std::string_view name;
  Var (*apply)(Var);  ///< null: it has several arguments, the grammar knows them by name
};

/// Null when there is none.
const FormulaFunction* find_function(std::string_view name);
inline bool is_function(std::string_view name) { return find_function(name) != nullptr; }
std::vector<std::string_view> function_names();

}  // namespace chainrule::detail
