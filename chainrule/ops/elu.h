#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = x for x > 0, alpha * (exp(x) - 1) otherwise; any shape.
Var elu(Var x, double alpha = 1, Location at = Location::current());

}  // namespace chainrule
