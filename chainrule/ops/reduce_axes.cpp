#include "chainrule/ops/reduce_axes.h"

#include <cmath>

#include "chainrule/graph/op.h"
#include "chainrule/ops/axes.h"
#include "chainrule/ops/nest.h"

namespace chainrule {
namespace {

struct SumAxes {
  static constexpr bool kMean = false;
  inline static const OpDoc doc{"sum_axes", {"x"}, "y = sum(x, axes)", {"dx = dy"}};
};
struct MeanAxes {
  static constexpr bool kMean = true;
  inline static const OpDoc doc{"mean_axes", {"x"}, "y = sum(x, axes) / n", {"dx = dy / n"}};
};
struct MaxAxes {
  inline static const OpDoc doc{
      "max_axes", {"x"}, "y = max(x, axes)", {"dx = dy at the first greatest x, 0 elsewhere"}};
  template <class T>
  static bool beats(T a, T b) {
    return a > b;
  }
};
struct MinAxes {
  inline static const OpDoc doc{
      "min_axes", {"x"}, "y = min(x, axes)", {"dx = dy at the first least x, 0 elsewhere"}};
  template <class T>
  static bool beats(T a, T b) {
    return a < b;
  }
};

struct ReduceAxes {
  Over over;

  static void settings(auto& self, auto&& f) {
    f("axes", self.over.axes, kAnyNumber);
    f("batch", self.over.batch, kAnyNumber);
    f("keep", self.over.keep, kAnyNumber);
  }

  Shape infer(std::span<const Shape> in) const {
    const Shape& x = in[0];
    const auto chosen = detail::feature_axes(x, over.axes);
    if (over.batch && !x.batched())
      throw ShapeError(cat("the input is ", x.str(), ", expected a batch axis to reduce"));
    if (chosen.none() && !over.batch)
      throw ShapeError(cat("no axis of ", x.str(), " is named, expected at least one"));
    return without(x, over.keep);
  }

 protected:
  /// x with the chosen axes of length 1, or gone.
  Shape without(const Shape& x, bool keep) const {
    const auto chosen = detail::feature_axes(x, over.axes);
    std::array<Index, Shape::kMaxRank> dims{};
    std::size_t rank = 0;
    for (std::size_t i = 0; i < x.dims().size(); ++i)
      if (!chosen[i] || keep) dims[rank++] = chosen[i] ? 1 : x.dims()[i];
    return Shape(std::span<const Index>(dims.data(), rank), x.batched() && !over.batch);
  }

  /// Through all of x: arrays y and x.
  template <class T>
  std::array<detail::PerAxis, 2> steps(const Context<T>& c) const {
    const Shape& x = c.in_shape(0);
    return {detail::axis_steps(without(x, true), x), detail::axis_steps(x)};
  }
  template <class T>
  detail::Folding<2> folding(const Context<T>& c) const {
    return {c.in_shape(0), c.rows(), steps(c)};
  }
};

template <class Kind>
struct AddAxes : ReduceAxes {
  static constexpr const OpDoc& doc = Kind::doc;
  static constexpr bool kAssigns = true;

  template <class T>
  void forward(const Context<T>& c) const {
    const auto line = [x = c.in(0).data(), scale = factor(c)](const auto& at) {
      return [p = x + at[1], scale](Index i) { return scale * p[i]; };
    };
    detail::add_up(c.pool(), folding(c), c.out().data(), true, line);
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const auto [y, x] = steps(c);
    detail::spread(c.pool(), detail::nest<2>(c.in_shape(0), c.rows(), {x, y}), c.din(0).data(),
                   c.dout().data(), c.first(0), factor(c));
  }

 private:
  template <class T>
  static T factor(const Context<T>& c) {
    return Kind::kMean ? static_cast<T>(c.out().size()) / static_cast<T>(c.in(0).size()) : T{1};
  }
};

template <class Kind>
struct ExtremeAxes : ReduceAxes {
  static constexpr const OpDoc& doc = Kind::doc;

  template <class T>
  void forward(const Context<T>& c) const {
    each(c, [x = c.in(0).data(), y = c.out().data()](Index i, Index best) { y[i] = x[best]; });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    each(c,
         [dx = c.din(0).data(), dy = c.dout().data()](Index i, Index best) { dx[best] += dy[i]; });
  }

 private:
  /// Calls f(i, place of the extreme in x) for each element i of y.
  template <class T, class F>
  void each(const Context<T>& c, F f) const {
    const auto loop = folding(c);
    const T* const x = c.in(0).data();
    const auto best_from = [&](Index start) {
      Index best = start;
      loop.folded.runs(0, loop.folded.size(), [&](const auto& at, Index n) {
        const Index step = loop.folded.inner()[1];
        for (Index p = start + at[1], i = 0; i < n; ++i, p += step)
          if (Kind::beats(x[p], x[best]) || (std::isnan(x[p]) && !std::isnan(x[best]))) best = p;
      });
      return best;
    };
    const Index grain = 1 + detail::kCheap / loop.folded.size();
    c.pool().split(loop.kept.size(), grain, [&](Index begin, Index end) {
      loop.kept.runs(begin, end, [&](const auto& at, Index n) {
        const auto [y_step, x_step] = loop.kept.inner();
        for (Index i = 0; i < n; ++i) f(at[0] + i * y_step, best_from(at[1] + i * x_step));
      });
    });
  }
};

}  // namespace

Var sum(Var x, Over over, Location at) {
  return add_op(AddAxes<SumAxes>{{std::move(over)}}, {x}, at);
}
Var mean(Var x, Over over, Location at) {
  return add_op(AddAxes<MeanAxes>{{std::move(over)}}, {x}, at);
}
Var max(Var x, Over over, Location at) {
  return add_op(ExtremeAxes<MaxAxes>{{std::move(over)}}, {x}, at);
}
Var min(Var x, Over over, Location at) {
  return add_op(ExtremeAxes<MinAxes>{{std::move(over)}}, {x}, at);
}

}  // namespace chainrule
