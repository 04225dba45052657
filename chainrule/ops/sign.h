#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = -1, 0 or 1, as x is below, at or above 0. Its gradient is 0.
Var sign(Var x, Location at = Location::current());

}  // namespace chainrule
