#include "chainrule/ops/softplus.h"

#include <algorithm>
#include <cmath>

#include "chainrule/kernels/vector_math.h"
#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Softplus {
  inline static const OpDoc doc{
      "softplus", {"x"}, "y = log(1 + exp(x))", {"dx = dy / (1 + exp(-x))"}};
  static constexpr OpTraits traits{.low = 0,
                                   .init = "he_normal",
                                   .onnx = {"Softplus"},
                                   .c = "(x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x)))"};
  template <class T>
  T value(T x) const {
    return std::max(x, T{0}) + std::log1p(std::exp(-std::abs(x)));
  }
  template <class T>
  void derivatives(const T* x, T* d, Index n) const {
    kernels::sigmoid(x, d, n);
  }
};

}  // namespace

Var softplus(Var x, Location at) { return elementwise<detail::kCostly>(Softplus{}, x, at); }

}  // namespace chainrule
