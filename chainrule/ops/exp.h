#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = exp(x), any shape. Infinite above 88 in float, 709 in double.
Var exp(Var x, Location at = Location::current());

}  // namespace chainrule
