// Bytes as an archive of arrays.
#pragma once

#include "chainrule/data/npz.h"

namespace chainrule::fuzz {

inline void read_npz(std::span<const std::uint8_t> bytes) {
  for (const data::NpzArray& a : data::parse_npz(bytes, "a.npz")) a.array.as<double>();
}

}  // namespace chainrule::fuzz
