// Bytes of pictures as numbers.
#pragma once

#include <cstdint>

#include "chainrule/core/shape.h"

namespace chainrule::kernels {

/// to[i] = from[i] / 255, rounded once.
void bytes_to_unit(const std::uint8_t* from, Index n, float* to);

}  // namespace chainrule::kernels
