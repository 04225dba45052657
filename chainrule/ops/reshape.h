#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// The same elements of each row with other feature axes. Throws ShapeError when their number
/// changes.
Var reshape(Var x, const Shape& shape, Location at = Location::current());

/// One feature axis with all elements of a row: [B, 28, 28] -> [B, 784].
Var flatten(Var x, Location at = Location::current());

}  // namespace chainrule
