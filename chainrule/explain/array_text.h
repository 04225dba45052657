// Arrays as numpy prints them.
#pragma once

#include <span>
#include <string>

#include "chainrule/core/shape.h"

namespace chainrule {

/// "[[ 1  2]\n [-3  4]]". More than 1,000 elements are shortened to three at each end of each axis,
/// with an ellipsis between.
std::string array_text(std::span<const double> values, std::span<const Index> shape);

}  // namespace chainrule
