// Many blocks of random numbers at once.
#pragma once

#include <cstdint>

#include "chainrule/core/shape.h"

namespace chainrule::kernels {

/// out[4 * i .. 4 * i + 3] = philox(key, stream, first + i) for i < blocks, bit by bit; see
/// chainrule/core/random.h.
void random_bits(std::uint64_t key, std::uint64_t stream, std::uint64_t first, Index blocks,
                 std::uint32_t* out);

}  // namespace chainrule::kernels
