#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// Sum of all elements of all rows: any shape -> [].
Var sum(Var x, Location at = Location::current());
/// Sum divided by the number of elements of all rows: any shape -> [].
Var mean(Var x, Location at = Location::current());

/// Sum over the rows: [B, ...] -> [...]. Throws ShapeError when x is not batched.
Var sum_batch(Var x, Location at = Location::current());
/// Sum over the rows divided by their number: [B, ...] -> [...].
Var mean_batch(Var x, Location at = Location::current());

/// Sum over the features: [B, ...] -> [B], [...] -> [].
Var sum_features(Var x, Location at = Location::current());
/// Mean over the features: [B, ...] -> [B], [...] -> [].
Var mean_features(Var x, Location at = Location::current());

/// sum(x * w) / sum(w): two equal shapes, usually [B] -> []. When the weights add up to 0 the
/// result and the gradients are 0.
Var weighted_mean(Var x, Var w, Location at = Location::current());

}  // namespace chainrule
