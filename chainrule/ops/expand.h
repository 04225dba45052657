#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// x repeated to fill the feature axes `shape`, as numpy's broadcast_to: axes meet from the last
/// one on, those that are missing or of length 1 are stretched. The gradient is the sum over what
/// was repeated. Throws ShapeError when x does not fit.
Var expand(Var x, const Shape& shape, Location at = Location::current());

}  // namespace chainrule
