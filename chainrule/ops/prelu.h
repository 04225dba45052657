#pragma once

#include "chainrule/ops/operand.h"

namespace chainrule {

/// y = x where x > 0, else slope * x, with a slope that is learnt; the two meet as operands do in
/// arithmetic.h. The derivative at 0 is taken as the slope.
Var prelu(Operand x, Operand slope);

}  // namespace chainrule
