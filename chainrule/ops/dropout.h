#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// Training: each element is dropped (set to 0) with probability `rate`, the others are divided by
/// 1 - rate, which keeps the mean. Inference: y = x. Which elements are dropped is fixed by the
/// seed, the step and the node, not by threads. Throws Error unless 0 <= rate < 1.
Var dropout(Var x, double rate, Location at = Location::current());

/// The same for whole channels: of a row [..., C] all elements of a channel are dropped or kept
/// together. Tompson et al., "Efficient object localization using convolutional networks", 2015.
Var dropout_channels(Var x, double rate, Location at = Location::current());

}  // namespace chainrule
