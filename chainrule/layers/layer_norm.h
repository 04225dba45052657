#pragma once

#include <string_view>

#include "chainrule/graph/graph.h"

namespace chainrule {

/// Each row's last axis [F] brought to mean 0 and variance 1, then scaled by "name.weight" [F],
/// which starts at 1, and moved by "name.bias" [F], which starts at 0. See layer_norm().
struct LayerNorm {
  double epsilon = 1e-5;  ///< added to the variance

  Var operator()(Var x, std::string_view name, Location at = Location::current()) const;
};

}  // namespace chainrule
