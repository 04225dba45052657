#pragma once

#include "chainrule/losses/loss.h"

namespace chainrule {

struct CategoricalCrossEntropyOptions {
  Var weights;  ///< see LossOptions
  Reduction reduction = Reduction::mean;
  double epsilon = 1e-7;  ///< probabilities below it are clipped to it
};

/// Per row -sum_j t_j log p_j, for probabilities p [B, C]. The target is a class index per row
/// (then the loss is -log p of that class) or [B, C], one-hot or probabilities. p is clipped from
/// below; where it is clipped its derivative is 0, as that of a constant is.
/// softmax_cross_entropy needs no clipping.
Var categorical_cross_entropy(Var p, Var target, CategoricalCrossEntropyOptions options = {},
                              Location at = Location::current());

}  // namespace chainrule
