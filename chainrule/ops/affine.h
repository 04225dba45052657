#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = x w + b over the last axis of x: x [..., I], w [I, O], b [O] -> y [..., O]. Without b:
/// y = x w. Throws ShapeError when the axes do not fit or w or b is batched.
Var affine(Var x, Var w, Var b = {}, Location at = Location::current());

}  // namespace chainrule
