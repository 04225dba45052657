#include "chainrule/ops/ceil.h"

#include <cmath>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Ceil {
  inline static const OpDoc doc{"ceil", {"x"}, "y = ceil(x)", {"dx = 0"}};
  static constexpr OpTraits traits{.onnx = {"Ceil"}, .c = "ceilf(x)"};
  template <class T>
  T value(T x) const {
    return std::ceil(x);
  }
  template <class T>
  T derivative(T, T) const {
    return 0;
  }
};

}  // namespace

Var ceil(Var x, Location at) { return elementwise<detail::kCheap>(Ceil{}, x, at); }

}  // namespace chainrule
