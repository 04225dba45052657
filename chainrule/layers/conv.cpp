#include "chainrule/layers/conv.h"

#include <algorithm>

#include "chainrule/layers/init.h"
#include "chainrule/layers/layer.h"
#include "chainrule/ops/reshape.h"

namespace chainrule {

std::array<Index, 2> same_padding(Index length, Index size, Index stride, Index dilation) {
  const Index places = (length + stride - 1) / stride;
  const Index all = std::max<Index>(0, (places - 1) * stride + (size - 1) * dilation + 1 - length);
  return {all / 2, all - all / 2};
}

namespace {

/// Weights and convolution; x has three axes.
Var convolve(const Conv& c, Var x, std::string_view name, Location at) {
  Graph& g = x.graph();
  const auto refuse = [&](const std::string& why) {
    throw ShapeError(cat("[conv \"", name, "\"] ", why, " ", describe(at)));
  };
  const auto pair = [](const std::vector<Index>& v) {
    return v.size() == 2 && v[0] >= 1 && v[1] >= 1;
  };
  Conv2dOptions o = c.options;
  if (c.filters < 1 || !pair(c.kernel) || !pair(o.stride) || !pair(o.dilation))
    refuse("expected at least one filter, and two numbers from 1 as size, stride and dilation");
  const Index channels = x.shape().last();
  if (o.groups < 1 || channels % o.groups != 0 || c.filters % o.groups != 0)
    refuse(cat(channels, " channels and ", c.filters, " filters in ", o.groups,
               " groups, expected multiples of that"));
  if (c.same)
    for (std::size_t i = 0; i < 2; ++i) {
      const auto [before, after] =
          same_padding(x.shape().dims()[i], c.kernel[i], o.stride[i], o.dilation[i]);
      o.before.resize(2), o.after.resize(2);
      o.before[i] = before, o.after[i] = after;
    }
  const Var w = g.param(
      cat(name, ".weight"), {c.kernel[0], c.kernel[1], channels / o.groups, c.filters},
      {.init = c.init ? c.init : init::glorot_uniform(), .file_layout = FileLayout::transposed},
      at);
  const Var b = c.bias ? g.param(cat(name, ".bias"), {c.filters}, {}, at) : Var();
  return conv2d(x, w, b, std::move(o), at);
}

}  // namespace

Var Conv::operator()(Var x, std::string_view name, Location at) const {
  Graph& g = detail::graph_of(x, "conv", name, at);
  if (x.shape().rank() == 2) x = reshape(x, Shape{x.shape()[0], x.shape()[1], 1}, at);
  if (x.shape().rank() != 3)
    throw ShapeError(cat("[conv \"", name, "\"] the input is ", x.shape().str(),
                         ", expected pictures: height, width and, if there are several, channels ",
                         describe(at)));
  return g.rename(convolve(*this, x, name, at), name);
}

Var Conv1d::operator()(Var x, std::string_view name, Location at) const {
  Graph& g = detail::graph_of(x, "conv1d", name, at);
  const Shape& s = x.shape();
  if (s.rank() != 2)
    throw ShapeError(cat("[conv1d \"", name, "\"] the input is ", s.str(),
                         ", expected series: steps and channels ", describe(at)));
  const Conv lines{.filters = filters,
                   .kernel = {1, kernel},
                   .options = {.stride = {1, stride},
                               .before = {0, before},
                               .after = {0, after},
                               .dilation = {1, dilation},
                               .groups = groups},
                   .same = same,
                   .bias = bias,
                   .init = init};
  const Var y = convolve(lines, reshape(x, Shape{1, s[0], s[1]}, at), name, at);
  return g.rename(reshape(y, Shape{y.shape()[1], y.shape()[2]}, at), name);
}

}  // namespace chainrule
