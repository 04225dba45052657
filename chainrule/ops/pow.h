#pragma once

#include "chainrule/ops/operand.h"

namespace chainrule {

/// y = a^b, element by element; operands meet as in arithmetic.h. A negative a gives NaN unless b
/// is a whole number, and no gradient for b; power() of a fixed exponent is faster.
Var pow(Operand a, Operand b);

}  // namespace chainrule
