#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = log(1 + exp(x)); any shape.
Var softplus(Var x, Location at = Location::current());

}  // namespace chainrule
