#pragma once

#include "chainrule/ops/operand.h"

namespace chainrule {

/// The larger of a and b, element by element; operands meet as in arithmetic.h. Where both are
/// equal the gradient goes to a.
Var maximum(Operand a, Operand b);
/// The smaller of a and b, element by element. Where both are equal the gradient goes to a.
Var minimum(Operand a, Operand b);

}  // namespace chainrule
