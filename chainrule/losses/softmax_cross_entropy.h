#pragma once

#include "chainrule/losses/loss.h"

namespace chainrule {

struct SoftmaxCrossEntropyOptions {
  Var weights;  ///< see LossOptions
  Reduction reduction = Reduction::mean;
  double label_smoothing = 0;  ///< in [0, 1): this part of the target is spread over all classes
};

/// Per row -sum_j t_j log softmax(x)_j, for logits x [B, C], computed from x without overflow. The
/// target is a class index per row or [B, C], one-hot or probabilities. With label smoothing e
/// the target is (1 - e) t + e / C (Szegedy et al., "Rethinking the inception architecture", 2016).
Var softmax_cross_entropy(Var x, Var target, SoftmaxCrossEntropyOptions options = {},
                          Location at = Location::current());

}  // namespace chainrule
