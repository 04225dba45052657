#include "chainrule/ops/sign.h"

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Sign {
  inline static const OpDoc doc{"sign", {"x"}, "y = (x > 0) - (x < 0)", {"dx = 0"}};
  static constexpr OpTraits traits{
      .low = -1, .high = 1, .onnx = {"Sign"}, .c = "x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x"};
  template <class T>
  T value(T x) const {
    return x > 0 ? T{1} : x < 0 ? T{-1} : x;
  }
  template <class T>
  T derivative(T, T) const {
    return 0;
  }
};

}  // namespace

Var sign(Var x, Location at) { return elementwise<detail::kCheap>(Sign{}, x, at); }

}  // namespace chainrule
