#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = x * Phi(x), Phi the normal distribution function; any shape.
Var gelu(Var x, Location at = Location::current());

/// The same with Phi(x) replaced by (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2.
Var gelu_tanh(Var x, Location at = Location::current());

}  // namespace chainrule
