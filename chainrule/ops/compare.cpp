#include "chainrule/ops/compare.h"

#include <functional>

#include "chainrule/ops/broadcast.h"

namespace chainrule {
namespace {

template <class Relation>
struct Question {
  static constexpr const OpDoc& doc = Relation::doc;
  template <class T>
  static T value(T a, T b) {
    return typename Relation::template Holds<T>{}(a, b) ? T{1} : T{0};
  }
};

struct Greater {
  template <class T>
  using Holds = std::greater<T>;
  inline static const OpDoc doc{"greater", {"a", "b"}, "y = (a > b)", {"da = 0", "db = 0"}};
};
struct GreaterEqual {
  template <class T>
  using Holds = std::greater_equal<T>;
  inline static const OpDoc doc{"greater_equal", {"a", "b"}, "y = (a >= b)", {"da = 0", "db = 0"}};
};
struct Less {
  template <class T>
  using Holds = std::less<T>;
  inline static const OpDoc doc{"less", {"a", "b"}, "y = (a < b)", {"da = 0", "db = 0"}};
};
struct LessEqual {
  template <class T>
  using Holds = std::less_equal<T>;
  inline static const OpDoc doc{"less_equal", {"a", "b"}, "y = (a <= b)", {"da = 0", "db = 0"}};
};
struct Equal {
  template <class T>
  using Holds = std::equal_to<T>;
  inline static const OpDoc doc{"equal", {"a", "b"}, "y = (a == b)", {"da = 0", "db = 0"}};
};
struct NotEqual {
  template <class T>
  using Holds = std::not_equal_to<T>;
  inline static const OpDoc doc{"not_equal", {"a", "b"}, "y = (a != b)", {"da = 0", "db = 0"}};
};

}  // namespace

Var greater(Operand a, Operand b) { return detail::broadcast<Question<Greater>>(a, b); }
Var greater_equal(Operand a, Operand b) { return detail::broadcast<Question<GreaterEqual>>(a, b); }
Var less(Operand a, Operand b) { return detail::broadcast<Question<Less>>(a, b); }
Var less_equal(Operand a, Operand b) { return detail::broadcast<Question<LessEqual>>(a, b); }
Var equal(Operand a, Operand b) { return detail::broadcast<Question<Equal>>(a, b); }
Var not_equal(Operand a, Operand b) { return detail::broadcast<Question<NotEqual>>(a, b); }

}  // namespace chainrule
