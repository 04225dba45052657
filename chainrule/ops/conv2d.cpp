#include "chainrule/ops/conv2d.h"

#include "chainrule/graph/op.h"
#include "chainrule/kernels/conv2d.h"
#include "chainrule/ops/sums.h"
#include "chainrule/ops/window.h"

namespace chainrule {
namespace {

using kernels::Write;

struct Conv2d {
  inline static const OpDoc doc{
      "conv2d",
      {"x", "w", "b"},
      "y(i, j, o) = b(o) + sum of x(i * stride - before + u * dilation, j * stride - before + v * "
      "dilation, c) * w(u, v, c, o)",
      {"dx = each dy(i, j, o) * w(u, v, c, o) added where its x was read",
       "dw(u, v, c, o) = sum of x(i * stride - before + u * dilation, ..., c) * dy(i, j, o)",
       "db = sum of dy over rows, i and j"},
      "LeCun et al.: Gradient-based learning applied to document recognition, 1998",
      1};
  static constexpr OpTraits traits{.filter = true};
  static constexpr bool kAssigns = true;
  Conv2dOptions options;

  static void settings(auto& self, auto&& f) {
    f("stride", self.options.stride, kAnyNumber);
    f("before", self.options.before, kAnyNumber);
    f("after", self.options.after, kAnyNumber);
    f("dilation", self.options.dilation, kAnyNumber);
    f("groups", self.options.groups, Range{.low = 1});
  }

  Shape infer(std::span<const Shape> in) const {
    const Shape &x = in[0], &w = in[1];
    if (w.rank() != 4 || w.batched())
      throw ShapeError(
          cat("the weight is ", w.str(), ", expected [KH, KW, C / groups, O] without batch axis"));
    const auto places = detail::window_places(x, {w[0], w[1]}, options.stride, options.before,
                                              options.after, options.dilation);
    if (x.last() % options.groups != 0 || w[3] % options.groups != 0)
      throw ShapeError(cat(x.last(), " channels and ", w[3], " filters in ", options.groups,
                           " groups, expected multiples of that"));
    if (w[2] * options.groups != x.last())
      throw ShapeError(cat("the input ", x.str(), " has ", x.last(), " channels, the weight ",
                           w.str(), " expects ", w[2] * options.groups));
    if (in.size() == 3 && in[2] != Shape{w[3]})
      throw ShapeError(cat("the bias is ", in[2].str(), ", expected [", w[3], "]"));
    return Shape{places[0], places[1], w[3]}.with_batch(x.batched());
  }

  Index workspace(std::span<const Shape> in, Index rows) const {
    return kernels::conv2d_workspace(sizes(in[0], in[1], infer(in)), in[0].batched() ? rows : 1);
  }

  template <class T>
  void forward(const Context<T>& c) const {
    kernels::conv2d(c.pool(), sizes(c), c.in(0).rows(), c.in(0).data(), c.in(1).data(),
                    c.inputs() == 3 ? c.in(2).data() : nullptr, c.out().data(),
                    c.workspace().data());
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const kernels::Convolution s = sizes(c);
    const Index pictures = c.in(0).rows();
    const T* const dy = c.dout().data();
    T* const memory = c.workspace().data();
    const auto write = [&](int i) { return c.first(i) ? Write::assign : Write::add; };
    if (c.wants(0))
      kernels::conv2d_dx(c.pool(), s, pictures, dy, c.in(1).data(), c.din(0).data(), write(0),
                         memory);
    const bool biased = c.inputs() == 3 && c.wants(2);
    if (c.wants(1))
      kernels::conv2d_dw(c.pool(), s, pictures, c.in(0).data(), dy, c.din(1).data(), write(1),
                         biased ? c.din(2).data() : nullptr, biased ? write(2) : Write::add,
                         memory);
    else if (biased)
      detail::column_sums(c.pool(), c.dout().size() / s.filters, s.filters, c.din(2).data(),
                          c.first(2), [=](Index r, Index j) { return dy[r * s.filters + j]; });
  }

 private:
  kernels::Convolution sizes(const Shape& x, const Shape& w, const Shape& y) const {
    const auto pair = [](const std::vector<Index>& v) { return std::array<Index, 2>{v[0], v[1]}; };
    return {.in = {x[0], x[1]},
            .channels = x[2],
            .out = {y[0], y[1]},
            .filters = y[2],
            .kernel = {w[0], w[1]},
            .stride = pair(options.stride),
            .before = pair(options.before),
            .dilation = pair(options.dilation),
            .groups = options.groups};
  }
  template <class T>
  kernels::Convolution sizes(const Context<T>& c) const {
    return sizes(c.in_shape(0), c.in_shape(1), c.out_shape());
  }
};

}  // namespace

Var conv2d(Var x, Var w, Var b, Conv2dOptions options, Location at) {
  if (!b) return add_op(Conv2d{std::move(options)}, {x, w}, at);
  return add_op(Conv2d{std::move(options)}, {x, w, b}, at);
}

}  // namespace chainrule
