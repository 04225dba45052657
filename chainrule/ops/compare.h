#pragma once

#include "chainrule/ops/operand.h"

namespace chainrule {

// Questions whose answer is 1, yes, or 0, no, element by element; operands meet as in arithmetic.h.
// An answer does not change with its operands, but where it jumps, so both gradients are 0. NaN is
// unequal to everything.

/// y = (a > b).
Var greater(Operand a, Operand b);
/// y = (a >= b).
Var greater_equal(Operand a, Operand b);
/// y = (a < b).
Var less(Operand a, Operand b);
/// y = (a <= b).
Var less_equal(Operand a, Operand b);
/// y = (a == b).
Var equal(Operand a, Operand b);
/// y = (a != b).
Var not_equal(Operand a, Operand b);

}  // namespace chainrule
