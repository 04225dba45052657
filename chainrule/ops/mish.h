#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = x * tanh(log(1 + exp(x))): smooth, a little below 0 for negative x.
Var mish(Var x, Location at = Location::current());

}  // namespace chainrule
