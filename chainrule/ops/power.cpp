#include "chainrule/ops/power.h"

#include <cmath>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Power {
  inline static const OpDoc doc{"power", {"x"}, "y = x^p", {"dx = dy * p * x^(p - 1)"}};
  static constexpr OpTraits traits{.c = "powf(x, p)"};
  double exponent = kRequired;

  static void settings(auto& self, auto&& f) { f("p", self.exponent, kAnyNumber); }
  template <class T>
  T value(T x) const {
    return std::pow(x, static_cast<T>(exponent));
  }
  template <class T>
  T derivative(T x, T) const {
    return exponent == 0 ? T{0}
                         : static_cast<T>(exponent) * std::pow(x, static_cast<T>(exponent - 1));
  }
};

}  // namespace

Var power(Var x, double exponent, Location at) {
  return elementwise<detail::kCostly>(Power{exponent}, x, at);
}

}  // namespace chainrule
