#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// Standardises every line of the last axis, then scales and shifts it:
/// y = gamma * (x - mean) / sqrt(variance + epsilon) + beta; x [..., F], gamma [F], beta [F]. The
/// variance is the biased one. Throws ShapeError when sizes do not fit.
Var layer_norm(Var x, Var gamma, Var beta, double epsilon = 1e-5,
               Location at = Location::current());

}  // namespace chainrule
