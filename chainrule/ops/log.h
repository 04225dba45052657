#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = log(x), the natural logarithm, any shape. Minus infinity at 0, NaN below.
Var log(Var x, Location at = Location::current());

}  // namespace chainrule
