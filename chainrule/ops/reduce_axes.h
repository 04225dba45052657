#pragma once

#include <vector>

#include "chainrule/graph/graph.h"

namespace chainrule {

/// What a reduction runs over: chosen feature axes, counted from 0 or, negative, from the end, and
/// the rows. {.axes = {-1}} of [B, 4, 5] leaves [B, 4]; with .keep = true it leaves [B, 4, 1]; with
/// .batch = true it leaves [4], since a result without rows meets every row of another operand and
/// needs no axis in their place.
struct Over {
  std::vector<Index> axes = {};
  bool batch = false;
  bool keep = false;
};

/// Sum over the chosen axes. Throws ShapeError when x lacks one of them, one is named twice, or
/// none is named.
Var sum(Var x, Over over, Location at = Location::current());
/// Sum over the chosen axes divided by the number of elements in each sum.
Var mean(Var x, Over over, Location at = Location::current());
/// The greatest element over the chosen axes, NaN if one is NaN. The gradient goes to the first of
/// the greatest.
Var max(Var x, Over over, Location at = Location::current());
/// The least element over the chosen axes, NaN if one is NaN. The gradient goes to the first of the
/// least.
Var min(Var x, Over over, Location at = Location::current());

}  // namespace chainrule
