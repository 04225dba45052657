#include "chainrule/ops/sqrt.h"

#include <cmath>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Sqrt {
  inline static const OpDoc doc{"sqrt", {"x"}, "y = sqrt(x)", {"dx = dy / (2 y)"}};
  static constexpr OpTraits traits{.low = 0, .onnx = {"Sqrt"}, .c = "sqrtf(x)"};
  template <class T>
  T value(T x) const {
    return std::sqrt(x);
  }
  template <class T>
  T derivative(T, T y) const {
    return T{0.5} / y;
  }
};

}  // namespace

Var sqrt(Var x, Location at) { return elementwise<detail::kCheap>(Sqrt{}, x, at); }

}  // namespace chainrule
