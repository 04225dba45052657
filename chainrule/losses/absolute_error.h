#pragma once

#include "chainrule/losses/loss.h"

namespace chainrule {

/// Per row mean_j |x_j - t_j|, for x and t of one shape. The derivative at x = t is taken as 0.
Var absolute_error(Var x, Var target, LossOptions options = {}, Location at = Location::current());

}  // namespace chainrule
