#include "chainrule/ops/arithmetic.h"

#include "chainrule/ops/broadcast.h"
#include "chainrule/ops/elementwise.h"

namespace chainrule {
namespace {

struct Add {
  inline static const OpDoc doc{"add", {"a", "b"}, "y = a + b", {"da = dy", "db = dy"}};
  static constexpr OpTraits traits{.onnx = {"Add"}, .c = "a + b"};
  template <class T>
  static T value(T a, T b) {
    return a + b;
  }
  template <class T>
  static T da(T dy, T, T) {
    return dy;
  }
  template <class T>
  static T db(T dy, T, T) {
    return dy;
  }
};

struct Subtract {
  inline static const OpDoc doc{"subtract", {"a", "b"}, "y = a - b", {"da = dy", "db = -dy"}};
  static constexpr OpTraits traits{.onnx = {"Sub"}, .c = "a - b"};
  template <class T>
  static T value(T a, T b) {
    return a - b;
  }
  template <class T>
  static T da(T dy, T, T) {
    return dy;
  }
  template <class T>
  static T db(T dy, T, T) {
    return -dy;
  }
};

struct Multiply {
  inline static const OpDoc doc{
      "multiply", {"a", "b"}, "y = a * b", {"da = dy * b", "db = dy * a"}};
  static constexpr OpTraits traits{.onnx = {"Mul"}, .c = "a * b"};
  template <class T>
  static T value(T a, T b) {
    return a * b;
  }
  template <class T>
  static T da(T dy, T, T b) {
    return dy * b;
  }
  template <class T>
  static T db(T dy, T a, T) {
    return dy * a;
  }
};

struct Divide {
  inline static const OpDoc doc{
      "divide", {"a", "b"}, "y = a / b", {"da = dy / b", "db = -dy * a / b^2"}};
  static constexpr OpTraits traits{.onnx = {"Div"}, .c = "a / b"};
  template <class T>
  static T value(T a, T b) {
    return a / b;
  }
  template <class T>
  static T da(T dy, T, T b) {
    return dy / b;
  }
  template <class T>
  static T db(T dy, T a, T b) {
    return -dy * (a / b) / b;  // b * b could underflow
  }
};

struct Negate {
  inline static const OpDoc doc{"negate", {"x"}, "y = -x", {"dx = -dy"}};
  static constexpr OpTraits traits{.onnx = {"Neg"}, .c = "-x"};
  template <class T>
  T value(T x) const {
    return -x;
  }
  template <class T>
  T derivative(T, T) const {
    return -1;
  }
};

}  // namespace

Var add(Operand a, Operand b) { return detail::broadcast<Add>(a, b); }
Var subtract(Operand a, Operand b) { return detail::broadcast<Subtract>(a, b); }
Var multiply(Operand a, Operand b) { return detail::broadcast<Multiply>(a, b); }
Var divide(Operand a, Operand b) { return detail::broadcast<Divide>(a, b); }
Var negate(Var x, Location at) { return elementwise<detail::kCheap>(Negate{}, x, at); }

}  // namespace chainrule
