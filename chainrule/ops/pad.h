#pragma once

#include <vector>

#include "chainrule/graph/graph.h"

namespace chainrule {

/// x with before[i] elements of `value` in front of feature axis i and after[i] behind it: [B, 4]
/// -> [B, before + 4 + after]. One entry for each feature axis. Throws ShapeError otherwise, or for
/// a negative entry.
Var pad(Var x, std::vector<Index> before, std::vector<Index> after, double value = 0,
        Location at = Location::current());

}  // namespace chainrule
