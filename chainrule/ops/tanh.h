#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = tanh(x); any shape.
Var tanh(Var x, Location at = Location::current());

}  // namespace chainrule
