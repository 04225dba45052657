#include "chainrule/ops/pow.h"

#include <cmath>

#include "chainrule/ops/broadcast.h"

namespace chainrule {
namespace {

struct Pow {
  inline static const OpDoc doc{
      "pow", {"a", "b"}, "y = a^b", {"da = dy * b * a^(b - 1)", "db = dy * y * log(a)"}};
  static constexpr OpTraits traits{.onnx = {"Pow"}};
  template <class T>
  static T value(T a, T b) {
    return std::pow(a, b);
  }
  template <class T>
  static T da(T dy, T a, T b) {
    return b == 0 ? T{0} : dy * b * std::pow(a, b - 1);
  }
  /// 0^b stays 0 for b above 0, where y log(a) would be 0 times infinity; for a below 0, y is not
  /// defined between two whole numbers.
  template <class T>
  static T db(T dy, T a, T b) {
    if (a < 0 || (a == 0 && b >= 0)) return T{0};
    return dy * std::pow(a, b) * std::log(a);
  }
};

}  // namespace

Var pow(Operand a, Operand b) { return detail::broadcast<Pow>(a, b); }

}  // namespace chainrule
