#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = x * min(max(x / 6 + 1/2, 0), 1): silu with the sigmoid in straight lines.
Var hard_swish(Var x, Location at = Location::current());

}  // namespace chainrule
