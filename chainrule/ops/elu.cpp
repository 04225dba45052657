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
  double alpha;

  std::string settings() const { return cat("alpha ", exact(alpha)); }
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
