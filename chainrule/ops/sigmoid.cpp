#include "chainrule/ops/sigmoid.h"

#include "chainrule/kernels/vector_math.h"
#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Sigmoid {
  inline static const OpDoc doc{
      "sigmoid", {"x"}, "y = 1 / (1 + exp(-x))", {"dx = dy * y * (1 - y)"}};
  static constexpr OpTraits traits{.low = 0,
                                   .high = 1,
                                   .init = "glorot_uniform",
                                   .onnx = {"Sigmoid"},
                                   .c = "1.0f / (1.0f + expf(-x))"};
  template <class T>
  void values(const T* x, T* y, Index n) const {
    kernels::sigmoid(x, y, n);
  }
  template <class T>
  T derivative(T, T y) const {
    return y * (1 - y);
  }
};

}  // namespace

Var sigmoid(Var x, Location at) { return elementwise<detail::kCostly>(Sigmoid{}, x, at); }

}  // namespace chainrule
