// Two files in one input: two bytes say how long the first is, the least first.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

namespace chainrule::fuzz {

inline std::pair<std::span<const std::uint8_t>, std::span<const std::uint8_t>> two_files(
    std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 2) return {};
  const std::size_t claimed = bytes[0] + std::size_t{bytes[1]} * 256;
  const std::size_t first = std::min(claimed, bytes.size() - 2);
  return {bytes.subspan(2, first), bytes.subspan(2 + first)};
}

}  // namespace chainrule::fuzz
