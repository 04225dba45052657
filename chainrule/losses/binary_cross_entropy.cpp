#include "chainrule/losses/binary_cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "chainrule/losses/row_loss.h"

namespace chainrule {
namespace {

struct BinaryCrossEntropy {
  inline static const OpDoc doc{
      "binary_cross_entropy",
      {"p", "t"},
      "y = mean_j -(t_j log q_j + (1 - t_j) log(1 - q_j)), q = clip(p, epsilon, 1 - epsilon)",
      {"dp = dy * (q - t) / (q (1 - q)) / N where p = q, else 0",
       "dt = dy * (log(1 - q) - log q) / N"}};
  static constexpr bool kMean = true;

  static constexpr Range kEpsilon{.low = 1e-7, .high = 0.5, .with_high = false};
  double epsilon = 1e-7;

  static void settings(auto& self, auto&& f) { f("epsilon", self.epsilon, kEpsilon); }
  template <class T>
  T value(T p, T t) const {
    const T q = clipped(p);
    return -(t * std::log(q) + (1 - t) * std::log(1 - q));
  }
  template <class T>
  T dx(T p, T t) const {
    const T q = clipped(p);
    return p == q ? (q - t) / (q * (1 - q)) : T{0};
  }
  template <class T>
  T dt(T p, T) const {
    const T q = clipped(p);
    return std::log(1 - q) - std::log(q);
  }

 private:
  template <class T>
  T clipped(T p) const {
    return std::clamp(p, static_cast<T>(epsilon), static_cast<T>(1 - epsilon));
  }
};

}  // namespace

Var binary_cross_entropy(Var p, Var target, BinaryCrossEntropyOptions options, Location at) {
  const Var rows = add_op(detail::RowLoss<BinaryCrossEntropy>{{options.epsilon}}, {p, target}, at);
  return detail::reduce_rows(rows, options.weights, options.reduction, at);
}

}  // namespace chainrule
