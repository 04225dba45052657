// Bytes as a table of Weka.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "chainrule/data/arff.h"

namespace chainrule::fuzz {

inline void read_arff(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::string room;
  data::parse_arff(data::to_utf8(text, data::find_encoding(text, "t"), "t", room), "t");
}

}  // namespace chainrule::fuzz
