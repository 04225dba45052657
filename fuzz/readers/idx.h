// Bytes as two IDX files, pictures and labels.
#pragma once

#include "chainrule/data/idx.h"
#include "fuzz/readers/two.h"

namespace chainrule::fuzz {

inline void read_idx(std::span<const std::uint8_t> bytes) {
  const auto [images, labels] = two_files(bytes);
  data::parse_idx({images.begin(), images.end()}, {labels.begin(), labels.end()}, "images",
                  "labels")
      .validate();
}

}  // namespace chainrule::fuzz
