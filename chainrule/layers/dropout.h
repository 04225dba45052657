#pragma once

#include <string_view>

#include "chainrule/graph/graph.h"

namespace chainrule {

/// The operation dropout() as a layer: in training each element becomes 0 with probability `rate`
/// and is divided by 1 - rate otherwise.
struct Dropout {
  double rate = 0.5;  ///< in [0, 1)

  Var operator()(Var x, std::string_view name, Location at = Location::current()) const;
};

}  // namespace chainrule
