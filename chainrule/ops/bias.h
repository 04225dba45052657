#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = x + b over the last axis: x [..., F], b [F]. Throws ShapeError when b is not [F].
Var bias(Var x, Var b, Location at = Location::current());

}  // namespace chainrule
