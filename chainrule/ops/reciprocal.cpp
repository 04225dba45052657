#include "chainrule/ops/reciprocal.h"

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Reciprocal {
  inline static const OpDoc doc{"reciprocal", {"x"}, "y = 1 / x", {"dx = -dy * y^2"}};
  static constexpr OpTraits traits{.onnx = {"Reciprocal"}, .c = "1.0f / x"};
  template <class T>
  T value(T x) const {
    return 1 / x;
  }
  template <class T>
  T derivative(T, T y) const {
    return -y * y;
  }
};

}  // namespace

Var reciprocal(Var x, Location at) { return elementwise<detail::kCheap>(Reciprocal{}, x, at); }

}  // namespace chainrule
