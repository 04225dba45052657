#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = x for x > 0, slope * x otherwise; any shape. The derivative at 0 is taken as slope.
Var leaky_relu(Var x, double slope = 0.01, Location at = Location::current());

}  // namespace chainrule
