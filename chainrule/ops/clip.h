#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = x limited to [low, high], any shape. The gradient passes within the limits, both included.
/// Throws Error when low > high.
Var clip(Var x, double low, double high, Location at = Location::current());

}  // namespace chainrule
