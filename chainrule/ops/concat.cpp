#include "chainrule/ops/concat.h"

#include "chainrule/graph/op.h"
#include "chainrule/ops/columns.h"
#include "chainrule/ops/shapes.h"

namespace chainrule {
namespace {

struct Concat {
  inline static const OpDoc doc{"concat",
                                {"x", "..."},
                                "y = the inputs side by side along the last axis",
                                {"dx = the columns of dy that x fills"}};
  static constexpr bool kAssigns = true;

  Shape infer(std::span<const Shape> in) const {
    Index columns = 0;
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (detail::with_last(in[i], 1) != detail::with_last(in[0], 1))
        throw ShapeError(cat("input ", i + 1, " is ", in[i].str(), ", the first is ", in[0].str(),
                             ", expected equal axes but the last"));
      columns += in[i].last();
    }
    return detail::with_last(in[0], columns);
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const Index all = c.out_shape().last();
    Index column = 0;
    for (int i = 0; i < c.inputs(); ++i) {
      const Index own = c.in_shape(i).last();
      detail::copy_columns(c.pool(), c.out().size() / all, own, c.in(i).data(), own,
                           c.out().data() + column, all, false);
      column += own;
    }
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const Index all = c.out_shape().last();
    Index column = 0;
    for (int i = 0; i < c.inputs(); ++i) {
      const Index own = c.in_shape(i).last();
      if (c.wants(i))
        detail::copy_columns(c.pool(), c.out().size() / all, own, c.dout().data() + column, all,
                             c.din(i).data(), own, !c.first(i));
      column += own;
    }
  }
};

}  // namespace

Var concat(std::span<const Var> xs, Location at) { return add_op(Concat{}, xs, at); }
Var concat(std::initializer_list<Var> xs, Location at) { return add_op(Concat{}, xs, at); }

}  // namespace chainrule
