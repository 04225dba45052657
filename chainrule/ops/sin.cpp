#include "chainrule/ops/sin.h"

#include <cmath>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Sin {
  inline static const OpDoc doc{"sin", {"x"}, "y = sin(x)", {"dx = dy * cos(x)"}};
  static constexpr OpTraits traits{.low = -1, .high = 1, .onnx = {"Sin"}, .c = "sinf(x)"};
  template <class T>
  T value(T x) const {
    return std::sin(x);
  }
  template <class T>
  T derivative(T x, T) const {
    return std::cos(x);
  }
};

}  // namespace

Var sin(Var x, Location at) { return elementwise<detail::kCheap>(Sin{}, x, at); }

}  // namespace chainrule
