#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = x^2, any shape.
Var square(Var x, Location at = Location::current());

}  // namespace chainrule
