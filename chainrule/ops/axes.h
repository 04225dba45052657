// Axes as users name them.
//
// Operations count the feature axes, from 0, the first, or from -1, the last, backwards; the batch
// axis has no number, since whether there is one depends on where a node comes from. Where an
// operation can act on the batch axis, it is asked for by name: sum_batch(x), or
// sum(x, {.axes = {1}, .batch = true}). numpy's axis k of an array with rows is feature axis k - 1.
#pragma once

#include <bitset>
#include <span>

#include "chainrule/core/shape.h"

namespace chainrule::detail {

/// The feature axis that is meant, from 0. Throws ShapeError when the shape does not have it.
int feature_axis(const Shape& s, Index axis);

/// A set of feature axes. Throws ShapeError when the shape lacks one, or one is named twice.
std::bitset<Shape::kMaxRank> feature_axes(const Shape& s, std::span<const Index> axes);

/// "1 entry", "2 entries", where there must be one for each feature axis. Throws ShapeError
/// otherwise, calling them `what`.
void expect_one_per_axis(const Shape& s, std::size_t count, std::string_view what);

/// The same shape with another length of one feature axis, which is at least 0.
Shape with_axis(const Shape& s, int axis, Index length);

}  // namespace chainrule::detail
