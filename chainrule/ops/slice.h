#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// Elements begin, ..., end - 1 of the last axis: [B, 5] -> [B, end - begin]. Throws ShapeError
/// unless 0 <= begin < end <= length of the axis.
Var slice(Var x, Index begin, Index end, Location at = Location::current());

}  // namespace chainrule
