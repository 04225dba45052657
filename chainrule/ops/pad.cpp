#include "chainrule/ops/pad.h"

#include "chainrule/graph/op.h"
#include "chainrule/ops/axes.h"
#include "chainrule/ops/nest.h"

namespace chainrule {
namespace {

struct Pad {
  inline static const OpDoc doc{
      "pad", {"x"}, "y = pad(x, before, after, value)", {"dx = the part of dy that x fills"}};
  static constexpr bool kAssigns = true;
  std::vector<Index> before, after;
  double value = 0;

  static void settings(auto& self, auto&& f) {
    f("before", self.before, kAnyNumber);
    f("after", self.after, kAnyNumber);
    f("value", self.value, kAnyNumber);
  }

  Shape infer(std::span<const Shape> in) const {
    const Shape& x = in[0];
    detail::expect_one_per_axis(x, before.size(), "before");
    detail::expect_one_per_axis(x, after.size(), "after");
    std::array<Index, Shape::kMaxRank> dims{};
    for (std::size_t i = 0; i < before.size(); ++i) {
      constexpr Index kMost = Index{1} << 40;  // that of a shape
      for (const Index n : {before[i], after[i]})
        if (n < 0 || n > kMost)
          throw ShapeError(cat("axis ", i, " is padded by ", n, ", expected 0 to 2^40"));
      dims[i] = before[i] + x.dims()[i] + after[i];
    }
    return Shape(std::span<const Index>(dims.data(), before.size()), x.batched());
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const View<T> y = c.out();
    c.pool().split(y.size(), detail::kCheap,
                   [=, v = static_cast<T>(value)](Index begin, Index end) {
                     std::fill(y.begin() + begin, y.begin() + end, v);
                   });
    const auto [x_steps, y_steps] = steps(c);
    detail::spread(c.pool(), detail::nest<2>(c.in_shape(0), c.rows(), {y_steps, x_steps}),
                   y.data() + origin(y_steps), c.in(0).data(), true);
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const auto [x_steps, y_steps] = steps(c);
    detail::spread(c.pool(), detail::nest<2>(c.in_shape(0), c.rows(), {x_steps, y_steps}),
                   c.din(0).data(), c.dout().data() + origin(y_steps), c.first(0));
  }

 private:
  /// Of x and y along the axes of x.
  template <class T>
  static std::array<detail::PerAxis, 2> steps(const Context<T>& c) {
    return {detail::axis_steps(c.in_shape(0)), detail::axis_steps(c.out_shape())};
  }
  /// Where the first element of x lies in y.
  Index origin(const detail::PerAxis& y_steps) const {
    Index at = 0;
    for (std::size_t i = 0; i < before.size(); ++i) at += before[i] * y_steps[i + 1];
    return at;
  }
};

}  // namespace

Var pad(Var x, std::vector<Index> before, std::vector<Index> after, double value, Location at) {
  return add_op(Pad{std::move(before), std::move(after), value}, {x}, at);
}

}  // namespace chainrule
