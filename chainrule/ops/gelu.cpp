#include "chainrule/ops/gelu.h"

#include <cmath>
#include <numbers>

#include "chainrule/ops/elementwise.h"
#include "chainrule/ops/logistic.h"

namespace chainrule {
namespace {

constexpr std::string_view kSource = "Hendrycks, Gimpel: Gaussian error linear units, 2016";

struct Gelu {
  inline static const OpDoc doc{"gelu",
                                {"x"},
                                "y = x * Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2",
                                {"dx = dy * (Phi(x) + x * exp(-x^2 / 2) / sqrt(2 pi))"},
                                kSource};
  /// By erfc, which keeps its digits where 1 + erf cancels.
  template <class T>
  static T distribution(T x) {
    return T{0.5} * std::erfc(-x / std::numbers::sqrt2_v<T>);
  }
  template <class T>
  T value(T x) const {
    return x * distribution(x);
  }
  template <class T>
  T derivative(T x, T) const {
    constexpr T kDensityAt0 = std::numbers::inv_sqrtpi_v<T> / std::numbers::sqrt2_v<T>;
    return distribution(x) + x * kDensityAt0 * std::exp(T{-0.5} * x * x);
  }
};

/// (1 + tanh(u)) / 2 is the logistic function of 2u.
struct GeluTanh {
  inline static const OpDoc doc{
      "gelu_tanh",
      {"x"},
      "y = x * s, s = (1 + tanh(u)) / 2, u = sqrt(2 / pi) * (x + 0.044715 x^3)",
      {"dx = dy * (s + x * s * (1 - s) * 2 * sqrt(2 / pi) * (1 + 3 * 0.044715 x^2))"},
      kSource};
  static constexpr double kCubic = 0.044715;
  static constexpr double kDouble = 2 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  template <class T>
  static T gate(T x) {
    return detail::logistic(static_cast<T>(kDouble) * x * (1 + static_cast<T>(kCubic) * x * x));
  }
  template <class T>
  T value(T x) const {
    return x * gate(x);
  }
  template <class T>
  T derivative(T x, T) const {
    const T s = gate(x);
    return s + x * s * (1 - s) * static_cast<T>(kDouble) * (1 + static_cast<T>(3 * kCubic) * x * x);
  }
};

}  // namespace

Var gelu(Var x, Location at) { return elementwise<detail::kCostly>(Gelu{}, x, at); }
Var gelu_tanh(Var x, Location at) { return elementwise<detail::kCostly>(GeluTanh{}, x, at); }

}  // namespace chainrule
