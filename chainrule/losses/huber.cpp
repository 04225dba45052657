#include "chainrule/losses/huber.h"

#include <algorithm>
#include <cmath>

#include "chainrule/losses/row_loss.h"

namespace chainrule {
namespace {

struct Huber {
  inline static const OpDoc doc{
      "huber",
      {"x", "t"},
      "y = mean_j h(x_j - t_j), h(d) = d^2 / 2 if |d| <= delta, else delta (|d| - delta / 2)",
      {"dx = dy * clip(x - t, -delta, delta) / N", "dt = dy * clip(t - x, -delta, delta) / N"},
      "Huber 1964"};
  static constexpr bool kMean = true;

  double delta = 1;

  static void settings(auto& self, auto&& f) { f("delta", self.delta, kAboveZero); }
  template <class T>
  T value(T x, T t) const {
    const T d = std::abs(x - t), limit = static_cast<T>(delta);
    return d <= limit ? d * d / 2 : limit * (d - limit / 2);
  }
  template <class T>
  T dx(T x, T t) const {
    const T limit = static_cast<T>(delta);
    return std::clamp(x - t, -limit, limit);
  }
};

}  // namespace

Var huber(Var x, Var target, HuberOptions options, Location at) {
  const Var rows = add_op(detail::RowLoss<Huber>{{options.delta}}, {x, target}, at);
  return detail::reduce_rows(rows, options.weights, options.reduction, at);
}

}  // namespace chainrule
