#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = sqrt(x), any shape. NaN below 0; the derivative at 0 is infinite.
Var sqrt(Var x, Location at = Location::current());

}  // namespace chainrule
