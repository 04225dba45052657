#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

struct BatchNormOptions {
  double momentum = 0.1;  ///< share of the batch in the new running statistics
  double epsilon = 1e-5;
};

/// Standardises each feature of the last axis over the batch and all other axes, then scales and
/// shifts it: y = gamma * (x - mean) / sqrt(variance + epsilon) + beta; x [B, ..., F], the others
/// [F]. Training uses mean and biased variance of the batch, inference the running ones.
/// Tape::update_state() moves those towards the batch, the unbiased variance into running_var.
/// A batch with a single value per feature has no variance: it gives y = beta, no gradient for x,
/// and leaves the running statistics alone. Throws ShapeError when sizes do not fit, Error when a
/// running statistic is not a parameter with trainable = false.
Var batch_norm(Var x, Var gamma, Var beta, Var running_mean, Var running_var,
               BatchNormOptions options = {}, Location at = Location::current());

}  // namespace chainrule
