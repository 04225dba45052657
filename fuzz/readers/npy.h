// Bytes as two arrays, features and targets; without a second one there are no targets.
#pragma once

#include "chainrule/data/npy.h"
#include "fuzz/readers/two.h"

namespace chainrule::fuzz {

inline void read_npy(std::span<const std::uint8_t> bytes) {
  const auto [x, y] = two_files(bytes);
  data::NpyArray features = data::parse_npy(x, "x.npy");
  if (y.empty()) {
    data::npy_dataset(std::move(features), "x.npy", nullptr, "");
  } else {
    const data::NpyArray targets = data::parse_npy(y, "y.npy");
    data::npy_dataset(std::move(features), "x.npy", &targets, "y.npy");
  }
}

}  // namespace chainrule::fuzz
