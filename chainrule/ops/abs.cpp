#include "chainrule/ops/abs.h"

#include <cmath>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Abs {
  inline static const OpDoc doc{"abs", {"x"}, "y = |x|", {"dx = dy * sign(x)"}};
  static constexpr OpTraits traits{.low = 0, .onnx = {"Abs"}, .c = "fabsf(x)"};
  template <class T>
  T value(T x) const {
    return std::abs(x);
  }
  template <class T>
  T derivative(T x, T) const {
    return static_cast<T>((x > 0) - (x < 0));
  }
};

}  // namespace

Var abs(Var x, Location at) { return elementwise<detail::kCheap>(Abs{}, x, at); }

}  // namespace chainrule
