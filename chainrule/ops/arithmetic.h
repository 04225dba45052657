#pragma once

#include "chainrule/ops/operand.h"

namespace chainrule {

// An operand is a Var or a number. Operands are batched or not, and their feature axes are equal,
// or one's are the last axes of the other's (a scalar's always are): a row [F] or a scalar meets
// every row of [B, F], a column [B] every feature of its row. What was repeated forward is summed
// backward. Throws ShapeError when the axes do not fit.

/// y = a + b.
Var add(Operand a, Operand b);
/// y = a - b.
Var subtract(Operand a, Operand b);
/// y = a * b, element by element.
Var multiply(Operand a, Operand b);
/// y = a / b, element by element.
Var divide(Operand a, Operand b);
/// y = -x.
Var negate(Var x, Location at = Location::current());

inline Var operator+(Operand a, Operand b) { return add(a, b); }
inline Var operator-(Operand a, Operand b) { return subtract(a, b); }
inline Var operator*(Operand a, Operand b) { return multiply(a, b); }
inline Var operator/(Operand a, Operand b) { return divide(a, b); }
inline Var operator-(Operand x) { return negate(x.var, x.at); }

}  // namespace chainrule
