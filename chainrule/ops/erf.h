#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x, the error function.
Var erf(Var x, Location at = Location::current());

}  // namespace chainrule
