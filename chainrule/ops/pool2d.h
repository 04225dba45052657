#pragma once

#include <vector>

#include "chainrule/graph/graph.h"

namespace chainrule {

/// How a pooling window moves over pictures. Pairs are vertical, horizontal.
struct Pool2dOptions {
  std::vector<Index> size = {2, 2};
  std::vector<Index> stride = {};      ///< empty: the size, so that windows do not overlap
  std::vector<Index> before = {0, 0};  ///< rows above, columns on the left of the picture
  std::vector<Index> after = {0, 0};   ///< below, on the right
};

/// The greatest element of each window and channel: x [B, H, W, C] -> [B, OH, OW, C] with OH = (H +
/// before + after - size) / stride + 1, rounded down. What lies beside the picture does not count;
/// NaN if one is NaN. The gradient goes to the first of the greatest, row by row. Throws ShapeError
/// when sizes do not fit or a window may lie beside the picture altogether.
Var max_pool2d(Var x, Pool2dOptions options = {}, Location at = Location::current());

/// The mean of each window. `counts_padding`: what lies beside the picture counts as zeros, as in
/// PyTorch; otherwise it does not count, as in ONNX.
Var avg_pool2d(Var x, Pool2dOptions options = {}, bool counts_padding = true,
               Location at = Location::current());

}  // namespace chainrule
