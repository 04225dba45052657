#pragma once

#include <string_view>

#include "chainrule/graph/graph.h"

namespace chainrule {

/// Each feature of the last axis [F] brought to mean 0 and variance 1 over the batch, then scaled
/// by "name.weight" [F], which starts at 1, and moved by "name.bias" [F], which starts at 0. The
/// running statistics "name.running_mean" and "name.running_var" [F] start at 0 and 1, are moved
/// by Tape::update_state() and used outside training. See batch_norm().
struct BatchNorm {
  double momentum = 0.1;  ///< part of a new batch in the running statistics
  double epsilon = 1e-5;  ///< added to the variance

  Var operator()(Var x, std::string_view name, Location at = Location::current()) const;
};

}  // namespace chainrule
