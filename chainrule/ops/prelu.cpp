#include "chainrule/ops/prelu.h"

#include "chainrule/ops/broadcast.h"

namespace chainrule {
namespace {

struct Prelu {
  inline static const OpDoc doc{"prelu",
                                {"x", "slope"},
                                "y = x > 0 ? x : slope * x",
                                {"dx = dy * (x > 0 ? 1 : slope)", "dslope = dy * (x > 0 ? 0 : x)"},
                                "He et al.: Delving deep into rectifiers, 2015"};
  static constexpr OpTraits traits{.init = "he_normal", .onnx = {"PRelu"}};
  template <class T>
  static T value(T x, T slope) {
    return x > 0 ? x : slope * x;
  }
  template <class T>
  static T da(T dy, T x, T slope) {
    return x > 0 ? dy : dy * slope;
  }
  template <class T>
  static T db(T dy, T x, T) {
    return x > 0 ? T{0} : dy * x;
  }
};

}  // namespace

Var prelu(Operand x, Operand slope) { return detail::broadcast<Prelu>(x, slope); }

}  // namespace chainrule
