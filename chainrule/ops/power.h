#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = x^exponent, any shape. NaN where x is negative and the exponent not a whole number.
Var power(Var x, double exponent, Location at = Location::current());

}  // namespace chainrule
