// Vectors and matrices as text.
#pragma once

#include <functional>

#include "chainrule/formula/formula.h"
#include "chainrule/formula/formula_scanner.h"

namespace chainrule::detail {

/// Reads a vector or matrix; the scanner stands at its first '['. `element` reads a number.
FormulaValue read_matrix(Scanner& s, const std::function<double()>& element);

}  // namespace chainrule::detail
