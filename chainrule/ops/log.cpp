#include "chainrule/ops/log.h"

#include <cmath>

#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Log {
  inline static const OpDoc doc{"log", {"x"}, "y = log(x)", {"dx = dy / x"}};
  static constexpr OpTraits traits{.onnx = {"Log"}, .c = "logf(x)"};
  template <class T>
  T value(T x) const {
    return std::log(x);
  }
  template <class T>
  T derivative(T x, T) const {
    return 1 / x;
  }
};

}  // namespace

Var log(Var x, Location at) { return elementwise<detail::kCostly>(Log{}, x, at); }

}  // namespace chainrule
