#include "chainrule/ops/leaky_relu.h"

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct LeakyRelu {
  inline static const OpDoc doc{"leaky_relu",
                                {"x"},
                                "y = x > 0 ? x : slope * x",
                                {"dx = dy * (x > 0 ? 1 : slope)"},
                                "Maas, Hannun, Ng: Rectifier nonlinearities improve neural network "
                                "acoustic models, 2013"};
  static constexpr OpTraits traits{.mask = true,
                                   .init = "he_normal",
                                   .onnx = {"LeakyRelu", "alpha", "slope", 0.01},
                                   .c = "x > 0.0f ? x : slope * x"};
  double slope = 0.01;

  static void settings(auto& self, auto&& f) { f("slope", self.slope, kAnyNumber); }
  template <class T>
  T value(T x) const {
    return x > 0 ? x : static_cast<T>(slope) * x;
  }
  template <class T>
  T derivative(T x, T) const {
    return x > 0 ? T{1} : static_cast<T>(slope);
  }
};

}  // namespace

Var leaky_relu(Var x, double slope, Location at) {
  return elementwise<detail::kCheap>(LeakyRelu{slope}, x, at);
}

}  // namespace chainrule
