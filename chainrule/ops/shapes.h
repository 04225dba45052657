// Shapes that several operations derive from those of their inputs.
#pragma once

#include <algorithm>
#include <array>

#include "chainrule/core/shape.h"

namespace chainrule::detail {

/// The same shape with another last feature axis; a scalar gets one.
inline Shape with_last(const Shape& s, Index last) {
  std::array<Index, Shape::kMaxRank> dims{};
  std::copy(s.dims().begin(), s.dims().end(), dims.begin());
  const auto rank = static_cast<std::size_t>(std::max(s.rank(), 1));
  dims[rank - 1] = last;
  return Shape(std::span<const Index>(dims.data(), rank), s.batched());
}

}  // namespace chainrule::detail
