// The operators of a formula.
#include <cmath>

#include "chainrule/formula/formula_recorder.h"
#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/exp.h"
#include "chainrule/ops/log.h"
#include "chainrule/ops/matmul.h"
#include "chainrule/ops/power.h"
#include "chainrule/ops/reduce.h"
#include "chainrule/ops/reshape.h"

namespace chainrule::detail {

FormulaRecorder::Term FormulaRecorder::binary(char op, const Term& a, const Term& b) {
  const std::size_t begin = a.begin, end = b.end;
  const bool numbers = a.kind == Term::number && b.kind == Term::number;
  if (op == '/' && b.kind == Term::number && b.value == 0) fail(begin, end, "this divides by zero");
  if (numbers && op != '@') {
    const double x = a.value, y = b.value;
    const double value = op == '+'   ? x + y
                         : op == '-' ? x - y
                         : op == '*' ? x * y
                         : op == '/' ? x / y
                                     : std::pow(x, y);
    if (!std::isfinite(value)) fail(begin, end, "the result of this is not a finite number");
    return {.kind = Term::number, .value = value, .begin = begin, .end = end};
  }
  if (op == '@') return product(a, b, begin, end);
  if (op == '^') return power(a, b, begin, end);
  return record(begin, end, [&] {
    const Var x = node(a), y = node(b);
    return op == '+' ? x + y : op == '-' ? x - y : op == '*' ? x * y : x / y;
  });
}

/// x^number is one operation; otherwise a^b = exp(b log a).
FormulaRecorder::Term FormulaRecorder::power(const Term& a, const Term& b, std::size_t begin,
                                             std::size_t end) {
  if (b.kind == Term::number)
    return record(begin, end, [&] { return chainrule::power(node(a), b.value); });
  Term logarithm;
  if (a.kind == Term::number) {
    if (!(a.value > 0)) fail(a, "a power with a variable exponent needs a base above 0");
    logarithm = {.kind = Term::number, .value = std::log(a.value), .begin = a.begin, .end = a.end};
  } else {
    logarithm = record(begin, end, [&] { return log(node(a)); });
  }
  const Term exponent = binary('*', b, logarithm);
  return record(begin, end, [&] { return exp(node(exponent)); });
}

FormulaRecorder::Term FormulaRecorder::product(const Term& a, const Term& b, std::size_t begin,
                                               std::size_t end) {
  for (const Term* o : {&a, &b})
    if (o->kind == Term::number)
      fail(*o, "'@' multiplies vectors and matrices, a number is multiplied by '*'");
  const Var x = node(a), y = node(b);
  for (const auto& [v, o] : {std::pair(x, &a), std::pair(y, &b)})
    if (v.shape().rank() == 0)
      fail(*o, "'@' multiplies vectors and matrices, this is a single number; use '*'");
  const Index columns = x.shape().last(), rows = y.shape()[0];
  if (columns != rows)
    fail(begin, end,
         cat("the left side of '@' has ", columns, " columns, the right side has ", rows,
             " rows, expected as many"));
  if (y.shape().rank() == 2) return record(begin, end, [&] { return matmul(x, y); });
  if (x.shape().rank() == 1) {
    const Term terms = record(begin, end, [&] { return x * y; });
    return record(begin, end, [&] { return sum(terms.node); });
  }
  // A matrix times a column.
  const Term column = record(begin, end, [&] { return reshape(y, Shape{rows, 1}); });
  const Term result = record(begin, end, [&] { return matmul(x, column.node); });
  return record(begin, end, [&] { return reshape(result.node, Shape{x.shape()[0]}); });
}

}  // namespace chainrule::detail
