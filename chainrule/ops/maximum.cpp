#include "chainrule/ops/maximum.h"

#include <cmath>

#include "chainrule/ops/broadcast.h"

namespace chainrule {
namespace {

/// NaN in either operand comes out, with the gradient to the first that is NaN.
template <class Better>
struct Extremum {
  static constexpr const OpDoc& doc = Better::doc;
  static constexpr OpTraits traits = Better::traits;
  template <class T>
  static T value(T a, T b) {
    return Better::takes_first(a, b) ? a : b;
  }
  template <class T>
  static T da(T dy, T a, T b) {
    return Better::takes_first(a, b) ? dy : T{0};
  }
  template <class T>
  static T db(T dy, T a, T b) {
    return Better::takes_first(a, b) ? T{0} : dy;
  }
};

struct Larger {
  inline static const OpDoc doc{
      "maximum", {"a", "b"}, "y = max(a, b)", {"da = dy * (a >= b)", "db = dy * (b > a)"}};
  static constexpr OpTraits traits{.onnx = {"Max"}, .c = "a >= b || a != a ? a : b"};
  template <class T>
  static bool takes_first(T a, T b) {
    return a >= b || std::isnan(a);
  }
};

struct Smaller {
  inline static const OpDoc doc{
      "minimum", {"a", "b"}, "y = min(a, b)", {"da = dy * (a <= b)", "db = dy * (b < a)"}};
  static constexpr OpTraits traits{.onnx = {"Min"}, .c = "a <= b || a != a ? a : b"};
  template <class T>
  static bool takes_first(T a, T b) {
    return a <= b || std::isnan(a);
  }
};

}  // namespace

Var maximum(Operand a, Operand b) { return detail::broadcast<Extremum<Larger>>(a, b); }
Var minimum(Operand a, Operand b) { return detail::broadcast<Extremum<Smaller>>(a, b); }

}  // namespace chainrule
