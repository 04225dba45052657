// An argument of an operator: a Var or a number, with the line of the user's code.
#pragma once

#include "chainrule/graph/graph.h"

namespace chainrule {

/// Implicit from Var and from double, so that `x * 2 + b` works and its errors name the user's line
/// (an operator cannot have a default argument, a converting constructor can).
struct Operand {
  Operand(Var v, Location line = Location::current()) : var(v), at(line) {}  // NOLINT: implicit
  Operand(double c, Location line = Location::current())                     // NOLINT: implicit
      : number(c), is_number(true), at(line) {}

  Var var;
  double number = 0;  ///< counts when is_number
  bool is_number = false;
  Location at;
};

}  // namespace chainrule
