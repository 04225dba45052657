#include "chainrule/ops/tanh.h"

#include "chainrule/kernels/vector_math.h"
#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Tanh {
  inline static const OpDoc doc{"tanh", {"x"}, "y = tanh(x)", {"dx = dy * (1 - y^2)"}};
  static constexpr OpTraits traits{
      .low = -1, .high = 1, .init = "glorot_uniform", .onnx = {"Tanh"}, .c = "tanhf(x)"};
  template <class T>
  void values(const T* x, T* y, Index n) const {
    kernels::tanh(x, y, n);
  }
  template <class T>
  T derivative(T, T y) const {
    return 1 - y * y;
  }
};

}  // namespace

Var tanh(Var x, Location at) { return elementwise<detail::kCostly>(Tanh{}, x, at); }

}  // namespace chainrule
