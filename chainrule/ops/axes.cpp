#include "chainrule/ops/axes.h"

#include <algorithm>
#include <array>

#include "chainrule/core/error.h"

namespace chainrule::detail {

int feature_axis(const Shape& s, Index axis) {
  const Index rank = s.rank();
  if (axis < -rank || axis >= rank) {
    if (rank == 0)
      throw ShapeError(cat("axis ", axis, " of ", s.str(), ", which has no feature axis"));
    throw ShapeError(cat("axis ", axis, " of ", s.str(), ", expected ", -rank, " to ", rank - 1,
                         ", the feature axes"));
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

std::bitset<Shape::kMaxRank> feature_axes(const Shape& s, std::span<const Index> axes) {
  std::bitset<Shape::kMaxRank> set;
  for (const Index axis : axes) {
    const auto i = static_cast<std::size_t>(feature_axis(s, axis));
    if (set[i]) throw ShapeError(cat("axis ", i, " of ", s.str(), " is named twice"));
    set.set(i);
  }
  return set;
}

void expect_one_per_axis(const Shape& s, std::size_t count, std::string_view what) {
  if (count != static_cast<std::size_t>(s.rank()))
    throw ShapeError(cat(what, " has ", count, count == 1 ? " entry" : " entries", ", the input ",
                         s.str(), " expects ", s.rank(), ", one for each feature axis"));
}

Shape with_axis(const Shape& s, int axis, Index length) {
  std::array<Index, Shape::kMaxRank> dims{};
  std::copy(s.dims().begin(), s.dims().end(), dims.begin());
  dims[static_cast<std::size_t>(axis)] = length;
  return Shape(std::span<const Index>(dims.data(), s.dims().size()), s.batched());
}

}  // namespace chainrule::detail
