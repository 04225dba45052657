#include "chainrule/ops/silu.h"

#include "chainrule/ops/elementwise.h"
#include "chainrule/ops/logistic.h"

namespace chainrule {
namespace {

struct Silu {
  inline static const OpDoc doc{"silu",
                                {"x"},
                                "y = x * s, s = 1 / (1 + exp(-x))",
                                {"dx = dy * s * (1 + x * (1 - s))"},
                                "Ramachandran, Zoph, Le: Searching for activation functions, 2017"};
  template <class T>
  T value(T x) const {
    return x * detail::logistic(x);
  }
  template <class T>
  T derivative(T x, T) const {
    const T s = detail::logistic(x);
    return s * (1 + x * (1 - s));
  }
};

}  // namespace

Var silu(Var x, Location at) { return elementwise<detail::kCostly>(Silu{}, x, at); }

}  // namespace chainrule
