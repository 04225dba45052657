// Bytes as a picture (PNG, JPEG, BMP or PGM), grey and in colour, that a network of 28 x 28 inputs
// is to see.
#pragma once

#include "chainrule/data/image.h"

namespace chainrule::fuzz {

inline void read_picture(std::span<const std::uint8_t> bytes) {
  const data::Bytes file(bytes.begin(), bytes.end());
  data::as_input(data::parse_picture(file, "p.png"), Shape{28, 28});
  data::picture_row(data::parse_raster(file, "p.png", true), Shape{28, 28, 3});
}

}  // namespace chainrule::fuzz
