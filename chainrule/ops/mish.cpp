#include "chainrule/ops/mish.h"

#include <algorithm>
#include <cmath>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Mish {
  inline static const OpDoc doc{
      "mish",
      {"x"},
      "y = x * t, t = tanh(log(1 + exp(x)))",
      {"dx = dy * (t + x * (1 - t^2) / (1 + exp(-x)))"},
      "Misra: Mish, a self regularized non-monotonic activation function, 2019"};
  static constexpr OpTraits traits{
      .init = "he_normal", .c = "x * tanhf((x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x))))"};
  template <class T>
  static T tanh_softplus(T x) {
    return std::tanh(std::max(x, T{0}) + std::log1p(std::exp(-std::abs(x))));
  }
  template <class T>
  T value(T x) const {
    return x * tanh_softplus(x);
  }
  template <class T>
  T derivative(T x, T) const {
    const T t = tanh_softplus(x);
    return t + x * (1 - t * t) / (1 + std::exp(-x));
  }
};

}  // namespace

Var mish(Var x, Location at) { return elementwise<detail::kCheap>(Mish{}, x, at); }

}  // namespace chainrule
