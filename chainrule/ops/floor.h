#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// The greatest whole number that is not above x. Its gradient is 0.
Var floor(Var x, Location at = Location::current());

}  // namespace chainrule
