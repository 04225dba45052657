#include "chainrule/ops/relu.h"

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Relu {
  inline static const OpDoc doc{"relu", {"x"}, "y = max(x, 0)", {"dx = dy * (x > 0)"}};
  static constexpr OpTraits traits{
      .mask = true, .low = 0, .init = "he_normal", .onnx = {"Relu"}, .c = "x < 0.0f ? 0.0f : x"};
  template <class T>
  T value(T x) const {
    return 0 > x ? T{0} : x;  // NaN stays NaN
  }
  template <class T>
  T derivative(T x, T) const {
    return x > 0 ? T{1} : T{0};
  }
};

}  // namespace

Var relu(Var x, Location at) { return elementwise<detail::kCheap>(Relu{}, x, at); }

}  // namespace chainrule
