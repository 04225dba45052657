#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// Matrix product y = a b over the last axis of a: a [..., K], b [K, N] -> y [..., N]; each batched
/// or not. With b batched every row of the batch has its own product. More axes of b stand for more
/// products, as in numpy: a [..., M, K], b [..., K, N] -> y [..., M, N], where the axes in front
/// meet from the last one on, and one that is missing or of length 1 is stretched. Throws
/// ShapeError when the axes do not fit.
Var matmul(Var a, Var b, Location at = Location::current());

}  // namespace chainrule
