#include "chainrule/losses/absolute_error.h"

#include <cmath>

#include "chainrule/losses/row_loss.h"

namespace chainrule {
namespace {

struct AbsoluteError {
  inline static const OpDoc doc{"absolute_error",
                                {"x", "t"},
                                "y = mean_j |x_j - t_j|",
                                {"dx = dy * sign(x - t) / N", "dt = dy * sign(t - x) / N"}};
  static constexpr bool kMean = true;

  template <class T>
  T value(T x, T t) const {
    return std::abs(x - t);
  }
  template <class T>
  T dx(T x, T t) const {
    return static_cast<T>((x > t) - (x < t));
  }
};

}  // namespace

Var absolute_error(Var x, Var target, LossOptions options, Location at) {
  const Var rows = add_op(detail::RowLoss<AbsoluteError>{}, {x, target}, at);
  return detail::reduce_rows(rows, options.weights, options.reduction, at);
}

}  // namespace chainrule
