#pragma once

#include <initializer_list>
#include <span>

#include "chainrule/graph/graph.h"

namespace chainrule {

/// The inputs side by side along the last axis: [B, 2], [B, 3] -> [B, 5]; a scalar counts as one
/// feature. Throws ShapeError when the other axes differ.
Var concat(std::span<const Var> xs, Location at = Location::current());
Var concat(std::initializer_list<Var> xs, Location at = Location::current());

}  // namespace chainrule
