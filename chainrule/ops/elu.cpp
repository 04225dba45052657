#include "chainrule/ops/elu.h"

#include <cmath>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Elu {
  inline static const OpDoc doc{
      "elu",
      {"x"},
      "y = x > 0 ? x : alpha * (exp(x) - 1)",
      {"dx = dy * (x > 0 ? 1 : y + alpha)"},
      "Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning by exponential "
      "linear units, 2016"};
  static constexpr OpTraits traits{.init = "he_normal",
                                   .onnx = {"Elu", "alpha", "alpha", 1},
                                   .c = "x > 0.0f ? x : alpha * expm1f(x)"};
  double alpha = 1;

  static void settings(auto& self, auto&& f) { f("alpha", self.alpha, kAboveZero); }
  template <class T>
  T value(T x) const {
    return x > 0 ? x : static_cast<T>(alpha) * std::expm1(x);
  }
  template <class T>
  T derivative(T x, T y) const {
    return x > 0 ? T{1} : y + static_cast<T>(alpha);
  }
};

}  // namespace

Var elu(Var x, double alpha, Location at) {
  return elementwise<detail::kCostly>(Elu{alpha}, x, at);
}

}  // namespace chainrule
