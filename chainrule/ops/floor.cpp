#include "chainrule/ops/floor.h"

#include <cmath>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Floor {
  inline static const OpDoc doc{"floor", {"x"}, "y = floor(x)", {"dx = 0"}};
  static constexpr OpTraits traits{.onnx = {"Floor"}, .c = "floorf(x)"};
  template <class T>
  T value(T x) const {
    return std::floor(x);
  }
  template <class T>
  T derivative(T, T) const {
    return 0;
  }
};

}  // namespace

Var floor(Var x, Location at) { return elementwise<detail::kCheap>(Floor{}, x, at); }

}  // namespace chainrule
