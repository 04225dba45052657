#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = |x|, any shape. The derivative at 0 is taken as 0.
Var abs(Var x, Location at = Location::current());

}  // namespace chainrule
