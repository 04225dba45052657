#include "chainrule/ops/cos.h"

#include <cmath>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Cos {
  inline static const OpDoc doc{"cos", {"x"}, "y = cos(x)", {"dx = -dy * sin(x)"}};
  static constexpr OpTraits traits{.low = -1, .high = 1, .onnx = {"Cos"}, .c = "cosf(x)"};
  template <class T>
  T value(T x) const {
    return std::cos(x);
  }
  template <class T>
  T derivative(T x, T) const {
    return -std::sin(x);
  }
};

}  // namespace

Var cos(Var x, Location at) { return elementwise<detail::kCheap>(Cos{}, x, at); }

}  // namespace chainrule
