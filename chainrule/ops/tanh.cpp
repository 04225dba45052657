#include "chainrule/ops/tanh.h"

#include <cmath>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Tanh {
  inline static const OpDoc doc{"tanh", {"x"}, "y = tanh(x)", {"dx = dy * (1 - y^2)"}};
  template <class T>
  T value(T x) const {
    return std::tanh(x);
  }
  template <class T>
  T derivative(T, T y) const {
    return 1 - y * y;
  }
};

}  // namespace

Var tanh(Var x, Location at) { return elementwise<detail::kCostly>(Tanh{}, x, at); }

}  // namespace chainrule
