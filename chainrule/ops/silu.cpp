#include "chainrule/ops/silu.h"

#include "chainrule/kernels/vector_math.h"
#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Silu {
  inline static const OpDoc doc{"silu",
                                {"x"},
                                "y = x * s, s = 1 / (1 + exp(-x))",
                                {"dx = dy * s * (1 + x * (1 - s))"},
                                "Ramachandran, Zoph, Le: Searching for activation functions, 2017"};
  static constexpr OpTraits traits{.init = "he_normal", .c = "x / (1.0f + expf(-x))"};
  template <class T>
  void values(const T* x, T* y, Index n) const {
    kernels::sigmoid(x, y, n);
    for (Index i = 0; i < n; ++i) y[i] *= x[i];
  }
  template <class T>
  void derivatives(const T* x, T* d, Index n) const {
    kernels::sigmoid(x, d, n);
    for (Index i = 0; i < n; ++i) d[i] *= 1 + x[i] * (1 - d[i]);
  }
};

}  // namespace

Var silu(Var x, Location at) { return elementwise<detail::kCostly>(Silu{}, x, at); }

}  // namespace chainrule
