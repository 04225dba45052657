#pragma once

#include "chainrule/losses/loss.h"

namespace chainrule {

struct BinaryCrossEntropyOptions {
  Var weights;  ///< see LossOptions
  Reduction reduction = Reduction::mean;
  double epsilon = 1e-7;  ///< probabilities are clipped to [epsilon, 1 - epsilon]
};

/// Per row mean_j -(t_j log p_j + (1 - t_j) log(1 - p_j)), for probabilities p and targets t of one
/// shape. p is clipped, so the loss is at most -log(epsilon) for t in [0, 1]; where it is clipped
/// its derivative is 0, as that of a constant is. binary_cross_entropy_logits needs no clipping.
Var binary_cross_entropy(Var p, Var target, BinaryCrossEntropyOptions options = {},
                         Location at = Location::current());

}  // namespace chainrule
