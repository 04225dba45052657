#pragma once

#include "chainrule/losses/loss.h"

namespace chainrule {

/// Numbers as target (one shape with x): per row mean_j max(0, 1 - s_j x_j) with s = 2 t - 1, so
/// that targets 0 and 1 mean -1 and +1. Predict by the sign of x.
///
/// Class indices as target, for scores x [B, C]: per row max(0, 1 + max over j != c of x_j - x_c)
/// for the right class c. Crammer and Singer, "On the algorithmic implementation of multiclass
/// kernel-based vector machines", 2001. Predict by the greatest score.
Var hinge(Var x, Var target, LossOptions options = {}, Location at = Location::current());

}  // namespace chainrule
