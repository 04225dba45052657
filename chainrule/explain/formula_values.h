// Vectors and matrices as text.
#pragma once

#include <functional>

#include "chainrule/explain/formula.h"
#include "chainrule/explain/formula_scanner.h"

namespace chainrule::detail {

/// Reads a vector or matrix; the scanner stands at its first '['. `element` reads a number.
FormulaValue read_matrix(Scanner& s, const std::function<double()>& element);

}  // namespace chainrule::detail
