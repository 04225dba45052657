#include "chainrule/losses/squared_error.h"

#include "chainrule/losses/row_loss.h"

namespace chainrule {
namespace {

struct SquaredError {
  inline static const OpDoc doc{"squared_error",
                                {"x", "t"},
                                "y = mean_j (x_j - t_j)^2",
                                {"dx = dy * 2 (x - t) / N", "dt = dy * 2 (t - x) / N"}};
  static constexpr bool kMean = true;

  template <class T>
  T value(T x, T t) const {
    return (x - t) * (x - t);
  }
  template <class T>
  T dx(T x, T t) const {
    return 2 * (x - t);
  }
};

}  // namespace

Var squared_error(Var x, Var target, LossOptions options, Location at) {
  const Var rows = add_op(detail::RowLoss<SquaredError>{}, {x, target}, at);
  return detail::reduce_rows(rows, options.weights, options.reduction, at);
}

}  // namespace chainrule
