#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = exp(x) / sum of exp(x) over one feature axis: the last, or the named one, negative ones
/// counted from the end. Throws ShapeError for a scalar.
Var softmax(Var x, Location at = Location::current());
Var softmax(Var x, Index axis, Location at = Location::current());

/// y = log(softmax(x)) over one feature axis. Throws ShapeError for a scalar.
Var log_softmax(Var x, Location at = Location::current());
Var log_softmax(Var x, Index axis, Location at = Location::current());

}  // namespace chainrule
