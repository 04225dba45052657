#pragma once

#include <vector>

#include "chainrule/graph/graph.h"

namespace chainrule {

/// The feature axes of x in another order: axis i of the result is axis axes[i] of x, so
/// permute(x, {1, 2, 0}) turns [B, 28, 30, 3] into [B, 30, 3, 28]. Negative axes count from the
/// end. The batch stays in front. Throws ShapeError unless each axis is named once.
Var permute(Var x, std::vector<Index> axes, Location at = Location::current());

}  // namespace chainrule
