#include "chainrule/ops/erf.h"

#include <cmath>
#include <numbers>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Erf {
  inline static const OpDoc doc{"erf", {"x"}, "y = erf(x)", {"dx = dy * 2 / sqrt(pi) * exp(-x^2)"}};
  static constexpr OpTraits traits{.low = -1, .high = 1, .onnx = {"Erf"}, .c = "erff(x)"};
  template <class T>
  T value(T x) const {
    return std::erf(x);
  }
  template <class T>
  T derivative(T x, T) const {
    return static_cast<T>(2 * std::numbers::inv_sqrtpi) * std::exp(-x * x);
  }
};

}  // namespace

Var erf(Var x, Location at) { return elementwise<detail::kCheap>(Erf{}, x, at); }

}  // namespace chainrule
