#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = 1 / (1 + exp(-x)); any shape.
Var sigmoid(Var x, Location at = Location::current());

}  // namespace chainrule
