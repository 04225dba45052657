#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = sin(x), x in radians.
Var sin(Var x, Location at = Location::current());

}  // namespace chainrule
