#include "chainrule/ops/concat.h"

#include "chainrule/graph/op.h"
#include "chainrule/ops/axes.h"
#include "chainrule/ops/nest.h"
#include "chainrule/ops/reshape.h"
#include "chainrule/ops/shapes.h"

namespace chainrule {
namespace {

struct Concat {
  inline static const OpDoc doc{"concat",
                                {"x", "..."},
                                "y = concatenate((x, ...), axis)",
                                {"dx = the part of dy that x fills"}};
  static constexpr bool kAssigns = true;
  Index axis = -1;

  static void settings(auto& self, auto&& f) { f("axis", self.axis, kAnyNumber); }

  Shape infer(std::span<const Shape> in) const {
    const Shape first = with_features(in[0]);
    const int a = detail::feature_axis(first, axis);
    Index length = 0;
    for (std::size_t i = 0; i < in.size(); ++i) {
      const Shape own = with_features(in[i]);
      if (own.rank() != first.rank() ||
          detail::with_axis(own, a, 1) != detail::with_axis(first, a, 1))
        throw ShapeError(cat("input ", i + 1, " is ", in[i].str(), ", the first is ", in[0].str(),
                             ", expected equal axes but axis ", a));
      length += own[a];
    }
    return detail::with_axis(first, a, length);
  }

  template <class T>
  void forward(const Context<T>& c) const {
    each(c, [&](int i, Index start, const Shape& x, const detail::PerAxis& y) {
      detail::spread(c.pool(), detail::nest<2>(x, c.rows(), {y, detail::axis_steps(x)}),
                     c.out().data() + start, c.in(i).data(), true);
    });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    each(c, [&](int i, Index start, const Shape& x, const detail::PerAxis& y) {
      if (c.wants(i))
        detail::spread(c.pool(), detail::nest<2>(x, c.rows(), {detail::axis_steps(x), y}),
                       c.din(i).data(), c.dout().data() + start, c.first(i));
    });
  }

 private:
  static Shape with_features(const Shape& s) { return detail::with_last(s, s.last()); }

  /// Calls f(i, where it begins in y, its shape, steps through y) for each input i.
  template <class T, class F>
  void each(const Context<T>& c, F f) const {
    const detail::PerAxis y = detail::axis_steps(c.out_shape());
    const int a = detail::feature_axis(c.out_shape(), axis);
    Index start = 0;
    for (int i = 0; i < c.inputs(); ++i) {
      const Shape x = with_features(c.in_shape(i));
      f(i, start, x, y);
      start += x[a] * y[static_cast<std::size_t>(a) + 1];
    }
  }
};

}  // namespace

Var concat(std::span<const Var> xs, Location at) { return concat(xs, -1, at); }
Var concat(std::initializer_list<Var> xs, Location at) {
  return concat(std::span(xs.begin(), xs.size()), -1, at);
}
Var concat(std::span<const Var> xs, Index axis, Location at) {
  return add_op(Concat{axis}, xs, at);
}

Var stack(std::span<const Var> xs, Index axis, Location at) {
  std::vector<Var> parts;
  for (const Var& x : xs) {
    const Index rank = x.shape().rank(), place = axis < 0 ? axis + rank + 1 : axis;
    if (place < 0 || place > rank)
      throw ShapeError(cat("[stack] axis ", axis, " for inputs ", x.shape().str(), ", expected ",
                           -rank - 1, " to ", rank, " ", describe(at)));
    std::vector<Index> dims(x.shape().dims().begin(), x.shape().dims().end());
    dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(place), 1);
    parts.push_back(reshape(x, Shape(dims), at));
  }
  return concat(parts, axis, at);
}

}  // namespace chainrule
