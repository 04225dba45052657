// Shape of one node: the feature axes, and whether a batch axis stands in front of them.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace chainrule {

using Index = std::int64_t;

/// Up to six feature axes, row-major. A batched shape has one more axis in front, whose length
/// is known only when a tape runs. Axis letters used everywhere: B batch, I in, O out, T time,
/// C channel, H height, W width.
class Shape {
 public:
  static constexpr int kMaxRank = 6;

  /// A scalar.
  Shape() = default;
  /// The feature axes. Throws ShapeError for more than six axes, an axis below 1, or more than
  /// 2^40 elements.
  Shape(std::initializer_list<Index> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const Index> dims, bool batched = false);

  bool batched() const { return batched_; }
  Shape with_batch(bool batched) const;

  int rank() const { return rank_; }
  Index operator[](int axis) const { return dims_[static_cast<std::size_t>(axis)]; }
  std::span<const Index> dims() const { return {dims_.data(), static_cast<std::size_t>(rank_)}; }

  /// Elements of one row: the product of the feature axes, 1 for a scalar.
  Index size() const { return size_; }
  /// The last feature axis, 1 for a scalar.
  Index last() const { return rank_ == 0 ? 1 : dims_[static_cast<std::size_t>(rank_ - 1)]; }

  /// "[B, 28, 28]", "[50]", "[]".
  std::string str() const;

  bool operator==(const Shape&) const = default;

 private:
  std::array<Index, kMaxRank> dims_{};
  int rank_ = 0;
  bool batched_ = false;
  Index size_ = 1;
};

}  // namespace chainrule
