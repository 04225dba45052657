#pragma once

#include <vector>

#include "chainrule/graph/graph.h"

namespace chainrule {

/// The elements of one feature axis that the row's own indices name, as numpy's take: x [..., N,
/// ...], indices [B, T] (a class_input) -> [B, ..., T, ...]; with indices [B] the axis is gone, so
/// gather(log_p, action, -1) is [B]. x may lack rows, then all rows choose from the same. Throws
/// ShapeError when the axis is shorter than there are classes.
Var gather(Var x, Var indices, Index axis, Location at = Location::current());

/// The elements of one feature axis at the given places, in that order, repeated if named twice;
/// negative places count from the end. Throws ShapeError for a place outside the axis.
Var take(Var x, std::vector<Index> places, Index axis, Location at = Location::current());

}  // namespace chainrule
