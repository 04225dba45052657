#include "chainrule/ops/selu.h"

#include <cmath>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

constexpr double kAlpha = 1.6732632423543772, kScale = 1.0507009873554805;

struct Selu {
  inline static const OpDoc doc{
      "selu",
      {"x"},
      "y = 1.0507 * (x > 0 ? x : 1.67326 * (exp(x) - 1))",
      {"dx = dy * (x > 0 ? 1.0507 : y + 1.0507 * 1.67326)"},
      "Klambauer, Unterthiner, Mayr, Hochreiter: Self-normalizing neural networks, 2017"};
  static constexpr OpTraits traits{.init = "lecun_normal",
                                   .onnx = {"Selu"},
                                   .c = "x > 0.0f ? 1.050701f * x : 1.7580993f * expm1f(x)"};
  template <class T>
  T value(T x) const {
    return x > 0 ? static_cast<T>(kScale) * x : static_cast<T>(kScale * kAlpha) * std::expm1(x);
  }
  template <class T>
  T derivative(T x, T y) const {
    return x > 0 ? static_cast<T>(kScale) : y + static_cast<T>(kScale * kAlpha);
  }
};

}  // namespace

Var selu(Var x, Location at) { return elementwise<detail::kCostly>(Selu{}, x, at); }

}  // namespace chainrule
