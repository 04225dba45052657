#include "chainrule/ops/hard_sigmoid.h"

#include <algorithm>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct HardSigmoid {
  inline static const OpDoc doc{"hard_sigmoid",
                                {"x"},
                                "y = min(max(slope * x + offset, 0), 1)",
                                {"dx = dy * slope * (0 < y < 1)"}};
  static constexpr OpTraits traits{.low = 0,
                                   .high = 1,
                                   .init = "glorot_uniform",
                                   .c = "slope * x + offset < 0.0f ? 0.0f : slope * x + offset > "
                                        "1.0f ? 1.0f : slope * x + offset"};
  double slope = 1.0 / 6;
  double offset = 0.5;

  static void settings(auto& self, auto&& f) {
    f("slope", self.slope, kAnyNumber);
    f("offset", self.offset, kAnyNumber);
  }
  template <class T>
  T value(T x) const {
    return std::clamp(static_cast<T>(slope) * x + static_cast<T>(offset), T{0}, T{1});
  }
  template <class T>
  T derivative(T, T y) const {
    return y > 0 && y < 1 ? static_cast<T>(slope) : T{0};
  }
};

}  // namespace

Var hard_sigmoid(Var x, double slope, double offset, Location at) {
  return elementwise<detail::kCheap>(HardSigmoid{slope, offset}, x, at);
}

}  // namespace chainrule
