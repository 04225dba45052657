#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// The least whole number that is not below x. Its gradient is 0.
Var ceil(Var x, Location at = Location::current());

}  // namespace chainrule
