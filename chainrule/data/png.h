// Pixels as a PNG file.
#pragma once

#include <span>

#include "chainrule/core/shape.h"
#include "chainrule/data/file.h"

namespace chainrule::data {

/// The bytes of a PNG file. `pixels` are rows from the top, each pixel one byte (grey) or three
/// (red, green, blue). Throws Error when their number does not fit.
Bytes encode_png(Index height, Index width, std::span<const std::uint8_t> pixels);

}  // namespace chainrule::data
