#include "chainrule/ops/exp.h"

#include "chainrule/kernels/vector_math.h"
#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Exp {
  inline static const OpDoc doc{"exp", {"x"}, "y = exp(x)", {"dx = dy * y"}};
  static constexpr OpTraits traits{.low = 0, .onnx = {"Exp"}, .c = "expf(x)"};
  template <class T>
  void values(const T* x, T* y, Index n) const {
    kernels::exp(x, y, n);
  }
  template <class T>
  T derivative(T, T y) const {
    return y;
  }
};

}  // namespace

Var exp(Var x, Location at) { return elementwise<detail::kCostly>(Exp{}, x, at); }

}  // namespace chainrule
