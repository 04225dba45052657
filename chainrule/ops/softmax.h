#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = exp(x) / sum of exp(x) over the last axis. Throws ShapeError for a scalar.
Var softmax(Var x, Location at = Location::current());

/// y = log(softmax(x)) over the last axis. Throws ShapeError for a scalar.
Var log_softmax(Var x, Location at = Location::current());

}  // namespace chainrule
