#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = cos(x), x in radians.
Var cos(Var x, Location at = Location::current());

}  // namespace chainrule
