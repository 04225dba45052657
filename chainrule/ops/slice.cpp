#include "chainrule/ops/slice.h"

#include "chainrule/graph/op.h"
#include "chainrule/ops/columns.h"
#include "chainrule/ops/shapes.h"

namespace chainrule {
namespace {

struct Slice {
  inline static const OpDoc doc{
      "slice", {"x"}, "y = x[..., begin:end]", {"dx[..., begin:end] = dy, 0 elsewhere"}};
  Index begin = 0, end = 1;

  static void settings(auto& self, auto&& f) {
    f("begin", self.begin, kFromZero);
    f("end", self.end, kFromZero);
  }

  Shape infer(std::span<const Shape> in) const {
    if (in[0].rank() == 0)
      throw ShapeError(cat("the input is ", in[0].str(), ", expected at least one feature axis"));
    if (begin < 0 || begin >= end || end > in[0].last())
      throw ShapeError(cat("elements ", begin, " to ", end, " of a last axis of ", in[0].last(),
                           ", expected 0 <= begin < end <= ", in[0].last()));
    return detail::with_last(in[0], end - begin);
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const Index from = c.in_shape(0).last(), to = end - begin;
    detail::copy_columns(c.pool(), c.out().size() / to, to, c.in(0).data() + begin, from,
                         c.out().data(), to, false);
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const Index from = c.in_shape(0).last(), to = end - begin;
    detail::copy_columns(c.pool(), c.out().size() / to, to, c.dout().data(), to,
                         c.din(0).data() + begin, from, true);
  }
};

}  // namespace

Var slice(Var x, Index begin, Index end, Location at) { return add_op(Slice{begin, end}, {x}, at); }

}  // namespace chainrule
