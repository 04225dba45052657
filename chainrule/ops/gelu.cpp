#include "chainrule/ops/gelu.h"

#include <cmath>
#include <numbers>

#include "chainrule/kernels/vector_math.h"
#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

constexpr std::string_view kSource = "Hendrycks, Gimpel: Gaussian error linear units, 2016";

struct Gelu {
  inline static const OpDoc doc{"gelu",
                                {"x"},
                                "y = x * Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2",
                                {"dx = dy * (Phi(x) + x * exp(-x^2 / 2) / sqrt(2 pi))"},
                                kSource};
  static constexpr OpTraits traits{.init = "he_normal",
                                   .c = "x * (0.5f * erfcf(-0.70710677f * x))"};
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
  static constexpr OpTraits traits{
      .init = "he_normal", .c = "x / (1.0f + expf(-1.5957691f * x * (1.0f + 0.044715f * x * x)))"};
  static constexpr double kCubic = 0.044715;
  static constexpr double kDouble = 2 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  template <class T>
  static void gates(const T* x, T* s, Index n) {
    for (Index i = 0; i < n; ++i)
      s[i] = static_cast<T>(kDouble) * x[i] * (1 + static_cast<T>(kCubic) * x[i] * x[i]);
    kernels::sigmoid(s, s, n);
  }
  template <class T>
  void values(const T* x, T* y, Index n) const {
    gates(x, y, n);
    for (Index i = 0; i < n; ++i) y[i] *= x[i];
  }
  template <class T>
  void derivatives(const T* x, T* d, Index n) const {
    gates(x, d, n);
    for (Index i = 0; i < n; ++i) {
      const T slope = static_cast<T>(kDouble) * (1 + static_cast<T>(3 * kCubic) * x[i] * x[i]);
      d[i] += x[i] * d[i] * (1 - d[i]) * slope;
    }
  }
};

}  // namespace

Var gelu(Var x, Location at) { return elementwise<detail::kCostly>(Gelu{}, x, at); }
Var gelu_tanh(Var x, Location at) { return elementwise<detail::kCostly>(GeluTanh{}, x, at); }

}  // namespace chainrule
