#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = x * sigmoid(x), also called swish; any shape.
Var silu(Var x, Location at = Location::current());

}  // namespace chainrule
