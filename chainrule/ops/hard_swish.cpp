#include "chainrule/ops/hard_swish.h"

#include <algorithm>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct HardSwish {
  inline static const OpDoc doc{"hard_swish",
                                {"x"},
                                "y = x * min(max(x / 6 + 1 / 2, 0), 1)",
                                {"dx = dy * (x <= -3 ? 0 : x < 3 ? x / 3 + 1 / 2 : 1)"},
                                "Howard et al.: Searching for MobileNetV3, 2019"};
  static constexpr OpTraits traits{.init = "he_normal",
                                   .onnx = {"HardSwish"},
                                   .c = "x <= -3.0f ? 0.0f : x < 3.0f ? x * (x / 6.0f + 0.5f) : x"};
  template <class T>
  T value(T x) const {
    return x * std::clamp(x / 6 + static_cast<T>(0.5), T{0}, T{1});
  }
  template <class T>
  T derivative(T x, T) const {
    return x <= -3 ? T{0} : x < 3 ? x / 3 + static_cast<T>(0.5) : T{1};
  }
};

}  // namespace

Var hard_swish(Var x, Location at) { return elementwise<detail::kCheap>(HardSwish{}, x, at); }

}  // namespace chainrule
