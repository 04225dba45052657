#include "chainrule/ops/permute.h"

#include "chainrule/graph/op.h"
#include "chainrule/ops/axes.h"
#include "chainrule/ops/nest.h"

namespace chainrule {
namespace {

struct Permute {
  inline static const OpDoc doc{
      "permute", {"x"}, "y = transpose(x, axes)", {"dx = dy with its axes in the order of x"}};
  static constexpr bool kAssigns = true;
  std::vector<Index> axes;  ///< of x, in the order of y

  static void settings(auto& self, auto&& f) { f("axes", self.axes, kAnyNumber); }

  Shape infer(std::span<const Shape> in) const {
    const Shape& x = in[0];
    detail::expect_one_per_axis(x, axes.size(), "the order of axes");
    detail::feature_axes(x, axes);
    std::array<Index, Shape::kMaxRank> dims{};
    for (std::size_t i = 0; i < axes.size(); ++i) dims[i] = x[detail::feature_axis(x, axes[i])];
    return Shape(std::span<const Index>(dims.data(), axes.size()), x.batched());
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const Shape &x = c.in_shape(0), &y = c.out_shape();
    const detail::PerAxis own = detail::axis_steps(x);
    detail::PerAxis from = own;
    for (std::size_t i = 0; i < axes.size(); ++i) from[i + 1] = own[place(x, i)];
    detail::spread(c.pool(), detail::nest<2>(y, c.rows(), {detail::axis_steps(y), from}),
                   c.out().data(), c.in(0).data(), true);
  }

  /// In the order of x, so that memory is written in order.
  template <class T>
  void backward(const Context<T>& c) const {
    const Shape &x = c.in_shape(0), &y = c.out_shape();
    const detail::PerAxis own = detail::axis_steps(y);
    detail::PerAxis from = own;
    for (std::size_t i = 0; i < axes.size(); ++i) from[place(x, i)] = own[i + 1];
    detail::spread(c.pool(), detail::nest<2>(x, c.rows(), {detail::axis_steps(x), from}),
                   c.din(0).data(), c.dout().data(), c.first(0));
  }

 private:
  std::size_t place(const Shape& x, std::size_t i) const {
    return static_cast<std::size_t>(detail::feature_axis(x, axes[i])) + 1;
  }
};

}  // namespace

Var permute(Var x, std::vector<Index> axes, Location at) {
  return add_op(Permute{std::move(axes)}, {x}, at);
}

}  // namespace chainrule
