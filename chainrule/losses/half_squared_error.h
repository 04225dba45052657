#pragma once

#include "chainrule/losses/loss.h"

namespace chainrule {

/// Per row 1/2 sum_j (x_j - t_j)^2, for x and t of one shape; the derivative is x - t.
Var half_squared_error(Var x, Var target, LossOptions options = {},
                       Location at = Location::current());

}  // namespace chainrule
