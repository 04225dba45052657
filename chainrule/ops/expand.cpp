#include "chainrule/ops/expand.h"

#include "chainrule/graph/op.h"
#include "chainrule/ops/nest.h"

namespace chainrule {
namespace {

struct Expand {
  inline static const OpDoc doc{
      "expand", {"x"}, "y = broadcast_to(x, shape)", {"dx = sum of dy over the repetitions"}};
  static constexpr bool kAssigns = true;
  Shape shape;

  static void settings(auto& self, auto&& f) { f("shape", self.shape, kAnyNumber); }

  Shape infer(std::span<const Shape> in) const {
    const Shape& x = in[0];
    bool fits = x.rank() <= shape.rank();
    for (int i = 1; fits && i <= x.rank(); ++i) {
      const Index own = x[x.rank() - i];
      fits = own == 1 || own == shape[shape.rank() - i];
    }
    if (!fits)
      throw ShapeError(cat("the input is ", x.str(), ", expected feature axes that are those of ",
                           shape.str(), " from the last one on, or 1"));
    return shape.with_batch(x.batched());
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const auto [x, y] = steps(c);
    detail::spread(c.pool(), detail::nest<2>(c.out_shape(), c.rows(), {y, x}), c.out().data(),
                   c.in(0).data(), true);
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const detail::Folding<2> loop(c.out_shape(), c.rows(), steps(c));
    detail::add_up(c.pool(), loop, c.din(0).data(), c.first(0),
                   [dy = c.dout().data()](const auto& at) {
                     return [p = dy + at[1]](Index i) { return p[i]; };
                   });
  }

 private:
  /// Of x and y along the axes of y.
  template <class T>
  static std::array<detail::PerAxis, 2> steps(const Context<T>& c) {
    return {detail::axis_steps(c.in_shape(0), c.out_shape()), detail::axis_steps(c.out_shape())};
  }
};

}  // namespace

Var expand(Var x, const Shape& shape, Location at) {
  return add_op(Expand{shape.with_batch(false)}, {x}, at);
}

}  // namespace chainrule
