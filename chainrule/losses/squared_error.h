#pragma once

#include "chainrule/losses/loss.h"

namespace chainrule {

/// Per row mean_j (x_j - t_j)^2, for x and t of one shape. Its mean over the batch is the mean
/// squared error of all elements.
Var squared_error(Var x, Var target, LossOptions options = {}, Location at = Location::current());

}  // namespace chainrule
