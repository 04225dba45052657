// Bytes as a gzip file.
#pragma once

#include "chainrule/data/file.h"

namespace chainrule::fuzz {

inline void read_gzip(std::span<const std::uint8_t> bytes) {
  data::gunzip(bytes, "f.gz", std::uint64_t{64} << 20);
}

}  // namespace chainrule::fuzz
