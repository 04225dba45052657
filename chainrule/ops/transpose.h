#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// Swaps the last two feature axes: [..., M, N] -> [..., N, M]. Throws ShapeError for fewer than
/// two feature axes.
Var transpose(Var x, Location at = Location::current());

}  // namespace chainrule
