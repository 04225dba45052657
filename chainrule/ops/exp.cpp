#include "chainrule/ops/exp.h"

#include <cmath>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Exp {
  inline static const OpDoc doc{"exp", {"x"}, "y = exp(x)", {"dx = dy * y"}};
  template <class T>
  T value(T x) const {
    return std::exp(x);
  }
  template <class T>
  T derivative(T, T y) const {
    return y;
  }
};

}  // namespace

Var exp(Var x, Location at) { return elementwise<detail::kCostly>(Exp{}, x, at); }

}  // namespace chainrule
