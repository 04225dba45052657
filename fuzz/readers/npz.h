// Bytes as an archive of arrays.
#pragma once

#include <utility>
#include <vector>

#include "chainrule/data/npz.h"

namespace chainrule::fuzz {

inline void read_npz(std::span<const std::uint8_t> bytes) {
  std::vector<data::NpzArray> arrays = data::parse_npz(bytes, "a.npz");
  for (const data::NpzArray& a : arrays) a.array.as<double>();
  data::npz_dataset(std::move(arrays), "a.npz");
}

}  // namespace chainrule::fuzz
