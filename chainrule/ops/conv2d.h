#pragma once

#include <vector>

#include "chainrule/graph/graph.h"

namespace chainrule {

/// How a window moves over pictures. Pairs are vertical, horizontal.
struct Conv2dOptions {
  std::vector<Index> stride = {1, 1};
  std::vector<Index> before = {0, 0};  ///< rows of zeros above, columns on the left
  std::vector<Index> after = {0, 0};   ///< below, on the right
  std::vector<Index> dilation = {1, 1};
  Index groups = 1;  ///< parts of the channels, each with filters of its own
};

/// Convolution of pictures, channels last: x [B, H, W, C], filters w [KH, KW, C / groups, O], bias
/// b [O] or none, result [B, OH, OW, O] with OH = (H + before + after - dilation * (KH - 1) - 1) /
/// stride + 1, rounded down. As in all libraries the filter is not turned round:
/// y(i, j, o) = b(o) + sum of x(i * stride - before + u * dilation, ..., c) * w(u, v, c, o).
/// groups = C and O = C filters each channel alone (depthwise). Throws ShapeError when sizes do not
/// fit, Error for settings that cannot be.
Var conv2d(Var x, Var w, Var b = {}, Conv2dOptions options = {}, Location at = Location::current());

}  // namespace chainrule
