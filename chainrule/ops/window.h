// Windows that move over pictures: what convolutions and pooling share.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/core/shape.h"

namespace chainrule::detail {

/// Throws ShapeError unless `pair` is two numbers from `least` to 2^20.
inline void expect_pair(std::string_view what, const std::vector<Index>& pair, Index least) {
  constexpr Index kMost = Index{1} << 20;
  if (pair.size() != 2)
    throw ShapeError(cat(what, " has ", pair.size(), pair.size() == 1 ? " entry" : " entries",
                         ", expected 2, vertical and horizontal"));
  for (const Index n : pair)
    if (n < least || n > kMost)
      throw ShapeError(
          cat(what, " is ", pair[0], "x", pair[1], ", expected numbers from ", least, " to 2^20"));
}

/// Places of a window of `size` along each of the first two axes of x [B, H, W, C]. Throws
/// ShapeError when x is no such pictures or the window is larger than what it moves over.
inline std::array<Index, 2> window_places(const Shape& x, const std::array<Index, 2>& size,
                                          const std::vector<Index>& stride,
                                          const std::vector<Index>& before,
                                          const std::vector<Index>& after,
                                          const std::vector<Index>& dilation) {
  if (x.rank() != 3) throw ShapeError(cat("the input is ", x.str(), ", expected [B, H, W, C]"));
  expect_pair("stride", stride, 1);
  expect_pair("before", before, 0);
  expect_pair("after", after, 0);
  expect_pair("dilation", dilation, 1);
  Shape{x[0] + before[0] + after[0], x[1] + before[1] + after[1], x[2]};  // not too large
  std::array<Index, 2> places{};
  for (std::size_t i = 0; i < 2; ++i) {
    const Index length = x.dims()[i] + before[i] + after[i];
    const Index span = (size[i] - 1) * dilation[i] + 1;
    if (span > length)
      throw ShapeError(cat("the window spans ", span, i == 0 ? " rows" : " columns", ", the input ",
                           x.str(), " has ", length,
                           before[i] + after[i] > 0 ? " with padding" : ""));
    places[i] = (length - span) / stride[i] + 1;
  }
  return places;
}

}  // namespace chainrule::detail
