#pragma once

#include <string_view>

#include "chainrule/graph/graph.h"

namespace chainrule {

/// y = x w + b over the last axis: [..., I] -> [..., O]. Adds the parameters "name.weight" [I, O]
/// and "name.bias" [O]; the result's node is called `name`. Throws ShapeError for out < 1.
struct Linear {
  Index out = 0;     ///< O
  bool bias = true;  ///< starts at 0
  Initializer init;  ///< of the weight; none: init::glorot_uniform()

  Var operator()(Var x, std::string_view name, Location at = Location::current()) const;
};

}  // namespace chainrule
