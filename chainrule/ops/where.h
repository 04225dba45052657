#pragma once

#include "chainrule/ops/operand.h"

namespace chainrule {

/// y = a where the condition is not 0, else b, element by element; the three meet as operands do in
/// arithmetic.h. What was not chosen gets no gradient, even where it is NaN; the condition gets
/// none.
Var where(Operand condition, Operand a, Operand b);

}  // namespace chainrule
