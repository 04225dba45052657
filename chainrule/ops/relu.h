#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = max(x, 0), any shape. The derivative at 0 is taken as 0.
Var relu(Var x, Location at = Location::current());

}  // namespace chainrule
