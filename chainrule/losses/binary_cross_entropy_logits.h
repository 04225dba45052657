#pragma once

#include "chainrule/losses/loss.h"

namespace chainrule {

/// Per row the mean over j of the binary cross-entropy of p_j = sigmoid(x_j) and t_j, computed from
/// x as max(x, 0) - x t + log(1 + exp(-|x|)), which neither overflows nor loses digits; the
/// derivative is sigmoid(x) - t. x and t have one shape.
Var binary_cross_entropy_logits(Var x, Var target, LossOptions options = {},
                                Location at = Location::current());

}  // namespace chainrule
