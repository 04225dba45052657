#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = slope * x + offset, limited to [0, 1]: sigmoid in straight lines. The derivative at the
/// corners is taken as 0.
Var hard_sigmoid(Var x, double slope = 1.0 / 6, double offset = 0.5,
                 Location at = Location::current());

}  // namespace chainrule
