#include "chainrule/losses/half_squared_error.h"

#include "chainrule/losses/row_loss.h"

namespace chainrule {
namespace {

struct HalfSquaredError {
  inline static const OpDoc doc{"half_squared_error",
                                {"x", "t"},
                                "y = 1/2 sum_j (x_j - t_j)^2",
                                {"dx = dy * (x - t)", "dt = dy * (t - x)"}};
  static constexpr bool kMean = false;

  template <class T>
  T value(T x, T t) const {
    return (x - t) * (x - t) / 2;
  }
  template <class T>
  T dx(T x, T t) const {
    return x - t;
  }
};

}  // namespace

Var half_squared_error(Var x, Var target, LossOptions options, Location at) {
  const Var rows = add_op(detail::RowLoss<HalfSquaredError>{}, {x, target}, at);
  return detail::reduce_rows(rows, options.weights, options.reduction, at);
}

}  // namespace chainrule
