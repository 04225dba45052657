#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = 1.0507 * elu(x, 1.67326): keeps mean 0 and variance 1 from layer to layer; any shape.
Var selu(Var x, Location at = Location::current());

}  // namespace chainrule
