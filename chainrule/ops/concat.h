#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "chainrule/graph/graph.h"

namespace chainrule {

/// The inputs side by side along the last feature axis: [B, 2], [B, 3] -> [B, 5]; a scalar counts
/// as one feature. Throws ShapeError when the other axes differ.
Var concat(std::span<const Var> xs, Location at = Location::current());
Var concat(std::initializer_list<Var> xs, Location at = Location::current());
/// The same along another feature axis; negative ones count from the end.
Var concat(std::span<const Var> xs, Index axis, Location at = Location::current());

/// The inputs side by side along a new feature axis: T inputs [B, C] -> [B, T, C] for axis 0, [B,
/// C, T] for axis -1. Throws ShapeError when their shapes differ.
Var stack(std::span<const Var> xs, Index axis = 0, Location at = Location::current());

}  // namespace chainrule
