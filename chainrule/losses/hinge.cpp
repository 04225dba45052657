#include "chainrule/losses/hinge.h"

#include <algorithm>

#include "chainrule/losses/row_loss.h"

namespace chainrule {
namespace {

struct Hinge {
  inline static const OpDoc doc{
      "hinge",
      {"x", "t"},
      "y = mean_j max(0, 1 - s_j x_j), s = 2 t - 1",
      {"dx = dy * -s / N where s x < 1, else 0", "dt = dy * -2 x / N where s x < 1, else 0"}};
  static constexpr bool kMean = true;

  template <class T>
  T value(T x, T t) const {
    return std::max(T{0}, 1 - (2 * t - 1) * x);
  }
  template <class T>
  T dx(T x, T t) const {
    return (2 * t - 1) * x < 1 ? 1 - 2 * t : T{0};
  }
  template <class T>
  T dt(T x, T t) const {
    return (2 * t - 1) * x < 1 ? -2 * x : T{0};
  }
};

struct MulticlassHinge {
  inline static const OpDoc doc{
      "multiclass_hinge",
      {"x", "t"},
      "y = max(0, 1 + x_m - x_t), m the class other than t with the greatest score",
      {"dx_m = dy, dx_t = -dy where y > 0, else 0", "no gradient"},
      "Crammer and Singer 2001"};

  static constexpr OpTraits traits{.loss = true};
  Index classes = 0;

  void bind(std::span<const Var> in) { classes = detail::target_classes(in[1]); }
  bool takes_indices(int input) const { return input == 1; }

  Shape infer(std::span<const Shape> in) const {
    detail::check_class_target(classes, in[0], in[1]);
    if (classes < 2) throw ShapeError(cat("the target has 1 class, expected at least 2"));
    return Shape().with_batch(true);
  }

  template <class T>
  void forward(const Context<T>& c) const {
    const auto x = c.in(0);
    c.pool().split(x.rows(), detail::row_grain(x.cols()), [&](Index begin, Index end) {
      for (Index r = begin; r < end; ++r) c.out()[r] = std::max(T{0}, margin(c, r, rival(c, r)));
    });
  }

  template <class T>
  void backward(const Context<T>& c) const {
    const auto dx = c.din(0);
    c.pool().split(dx.rows(), detail::row_grain(dx.cols()), [&](Index begin, Index end) {
      for (Index r = begin; r < end; ++r) {
        const Index m = rival(c, r);
        if (!(margin(c, r, m) > 0)) continue;
        dx(r, m) += c.dout()[r];
        dx(r, c.indices(1)[r]) -= c.dout()[r];
      }
    });
  }

 private:
  /// The wrong class with the greatest score; of equal ones the first.
  template <class T>
  static Index rival(const Context<T>& c, Index r) {
    const auto x = c.in(0);
    const Index right = c.indices(1)[r];
    Index m = right == 0 ? 1 : 0;
    for (Index j = m + 1; j < x.cols(); ++j)
      if (j != right && x(r, j) > x(r, m)) m = j;
    return m;
  }
  template <class T>
  static T margin(const Context<T>& c, Index r, Index m) {
    return 1 + c.in(0)(r, m) - c.in(0)(r, c.indices(1)[r]);
  }
};

}  // namespace

Var hinge(Var x, Var target, LossOptions options, Location at) {
  const Var rows = detail::target_classes(target) > 0
                       ? add_op(MulticlassHinge{}, {x, target}, at)
                       : add_op(detail::RowLoss<Hinge>{}, {x, target}, at);
  return detail::reduce_rows(rows, options.weights, options.reduction, at);
}

}  // namespace chainrule
