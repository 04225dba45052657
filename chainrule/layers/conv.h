#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "chainrule/graph/graph.h"
#include "chainrule/ops/conv2d.h"

namespace chainrule {

/// Padding for which a window of `size` with this stride and dilation gives length / stride
/// outputs, rounded up: {before, after}, the greater half after, as in all libraries.
std::array<Index, 2> same_padding(Index length, Index size, Index stride, Index dilation);

/// Convolution of pictures x [B, H, W, C], or [B, H, W] of one channel, with `filters` filters of
/// `kernel` pixels: [B, OH, OW, filters]; see conv2d(). Adds the parameters "name.weight" [KH, KW,
/// C / groups, filters], in files [filters, C / groups, KH, KW], and "name.bias" [filters]; the
/// result's node is called `name`. Throws ShapeError when sizes do not fit.
struct Conv {
  Index filters = 0;
  std::vector<Index> kernel = {3, 3};
  Conv2dOptions options = {};
  bool same = false;  ///< padding as same_padding() says, instead of that of the options
  bool bias = true;   ///< starts at 0
  Initializer init;   ///< of the weight; none: init::glorot_uniform()

  Var operator()(Var x, std::string_view name, Location at = Location::current()) const;
};

/// The same along one axis: series x [B, T, C] with filters of `kernel` steps, [B, OT, filters].
/// The weight is [1, kernel, C / groups, filters].
struct Conv1d {
  Index filters = 0;
  Index kernel = 3;
  Index stride = 1, before = 0, after = 0, dilation = 1, groups = 1;
  bool same = false;
  bool bias = true;
  Initializer init;

  Var operator()(Var x, std::string_view name, Location at = Location::current()) const;
};

}  // namespace chainrule
