#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = x, through which no gradient passes: what comes before is a constant for the backward pass.
Var stop_gradient(Var x, Location at = Location::current());

}  // namespace chainrule
