#pragma once

#include "chainrule/losses/loss.h"

namespace chainrule {

struct HuberOptions {
  Var weights;  ///< see LossOptions
  Reduction reduction = Reduction::mean;
  double delta = 1;  ///< where the parabola becomes a line; above 0
};

/// Per row mean_j h(x_j - t_j), for x and t of one shape, with h(d) = d^2 / 2 for |d| <= delta and
/// delta (|d| - delta / 2) beyond. Huber, "Robust estimation of a location parameter", 1964.
Var huber(Var x, Var target, HuberOptions options = {}, Location at = Location::current());

}  // namespace chainrule
