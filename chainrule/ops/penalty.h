#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// lambda * sum of |w|, any shape -> []. The derivative at 0 is taken as 0.
Var l1_penalty(Var w, double lambda, Location at = Location::current());

/// lambda * sum of w^2, any shape -> []. No factor 1/2: the gradient is 2 * lambda * w.
Var l2_penalty(Var w, double lambda, Location at = Location::current());

}  // namespace chainrule
