#include "chainrule/ops/where.h"

#include "chainrule/ops/broadcast.h"

namespace chainrule {
namespace {

struct Where {
  inline static const OpDoc doc{
      "where",
      {"condition", "a", "b"},
      "y = a where condition != 0, else b",
      {"no gradient", "da = dy where condition != 0", "db = dy where condition = 0"}};
  template <class T>
  static T value(T condition, T a, T b) {
    return condition != 0 ? a : b;
  }
  template <class T>
  static T da(T dy, T condition, T, T) {
    return condition != 0 ? dy : T{0};
  }
  template <class T>
  static T db(T dy, T condition, T, T) {
    return condition != 0 ? T{0} : dy;
  }
};

}  // namespace

Var where(Operand condition, Operand a, Operand b) {
  return detail::broadcast<Where>(condition, a, b);
}

}  // namespace chainrule
