#include "chainrule/losses/binary_cross_entropy_logits.h"

#include <algorithm>
#include <cmath>

#include "chainrule/losses/row_loss.h"

namespace chainrule {
namespace {

struct BinaryCrossEntropyLogits {
  inline static const OpDoc doc{"binary_cross_entropy_logits",
                                {"x", "t"},
                                "y = mean_j max(x_j, 0) - x_j t_j + log(1 + exp(-|x_j|))",
                                {"dx = dy * (sigmoid(x) - t) / N", "dt = dy * -x / N"}};
  static constexpr bool kMean = true;

  template <class T>
  T value(T x, T t) const {
    return std::max(x, T{0}) - x * t + std::log1p(std::exp(-std::abs(x)));
  }
  template <class T>
  T dx(T x, T t) const {
    const T e = std::exp(-std::abs(x));  // at most 1, so that nothing overflows
    return (x >= 0 ? T{1} : e) / (1 + e) - t;
  }
  template <class T>
  T dt(T x, T) const {
    return -x;
  }
};

}  // namespace

Var binary_cross_entropy_logits(Var x, Var target, LossOptions options, Location at) {
  const Var rows = add_op(detail::RowLoss<BinaryCrossEntropyLogits>{}, {x, target}, at);
  return detail::reduce_rows(rows, options.weights, options.reduction, at);
}

}  // namespace chainrule
