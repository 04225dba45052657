#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = 1 / x.
Var reciprocal(Var x, Location at = Location::current());

}  // namespace chainrule
