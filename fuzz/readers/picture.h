// Bytes as a picture (PNG or PGM) that a network of 28 x 28 inputs is to see.
#pragma once

#include "chainrule/data/image.h"

namespace chainrule::fuzz {

inline void read_picture(std::span<const std::uint8_t> bytes) {
  data::as_input(data::parse_picture({bytes.begin(), bytes.end()}, "p.png"), Shape{28, 28});
}

}  // namespace chainrule::fuzz
