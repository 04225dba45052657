// Cross-entropy in a formula, with its ways to name a class.
#include <cmath>

#include "chainrule/formula/formula_recorder.h"
#include "chainrule/formula/mark.h"
#include "chainrule/losses/categorical_cross_entropy.h"
#include "chainrule/losses/softmax_cross_entropy.h"
#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/log.h"
#include "chainrule/ops/maximum.h"
#include "chainrule/ops/reduce.h"
#include "chainrule/ops/softmax.h"

namespace chainrule::detail {
namespace {

std::string extent(const Shape& s) {
  if (s.rank() == 0) return "a single number";
  std::string text;
  for (const Index d : s.dims()) text += cat(text.empty() ? "" : " x ", d);
  return (s.rank() == 1 ? "a vector of " : "a matrix of ") + text;
}

}  // namespace

/// The target as numbers that are known: a class, or one class per row.
const FormulaValue* FormulaRecorder::known(const Term& o, FormulaValue& number) const {
  if (o.kind == Term::number) {
    number.values = {o.value};
    return &number;
  }
  if (o.kind == Term::literal) return &o.matrix;
  if (o.kind != Term::name) return nullptr;
  const auto it = values_.find(o.name_text);
  return it == values_.end() ? nullptr : &it->second;
}

FormulaRecorder::Term FormulaRecorder::cross_entropy(const Term& p, const Term& t, bool logits,
                                                     std::size_t begin, std::size_t end) {
  const Var x = node(p);
  const Shape shape = x.shape();  // a copy: the graph grows
  if (shape.rank() == 0)
    fail(p, cat("cross-entropy is of a vector or a matrix, this is a single number"));
  FormulaValue number;
  const FormulaValue* const given = known(t, number);
  const bool classes = given != nullptr && given->shape.rank() == shape.rank() - 1;
  if (classes) check_classes(t, *given, shape.last());
  if (shape.rank() == 1) {
    const Var target = classes ? class_node(t, *given, shape.last()) : node(t);
    return record(begin, end, [&] {
      return logits ? softmax_cross_entropy(x, target, {.reduction = Reduction::none})
                    : categorical_cross_entropy(x, target, {.reduction = Reduction::none});
    });
  }
  // The losses of the library take one row; here all rows of the matrix are one.
  const Var target = classes ? one_hot(t, *given, shape) : node(t);
  if (target.shape().dims().size() != shape.dims().size() || target.shape().size() != shape.size())
    fail(t, cat("the target is ", extent(target.shape()), ", expected ", extent(shape), " or ",
                shape[0], " numbers of classes"));
  constexpr double kLeast = 1e-7;  // as in categorical_cross_entropy
  const Term logs =
      logits ? record(begin, end, [&] { return log_softmax(x); }) : record(begin, end, [&] {
        const Term q = record(begin, end, [&] { return maximum(x, kLeast); });
        return log(q.node);
      });
  const Term terms = record(begin, end, [&] { return target * logs.node; });
  const Term total = record(begin, end, [&] { return sum(terms.node); });
  return record(begin, end, [&] { return total.node / -static_cast<double>(shape[0]); });
}

void FormulaRecorder::check_classes(const Term& t, const FormulaValue& given, Index count) const {
  for (const double c : given.values)
    if (!(c >= 0 && c < static_cast<double>(count)) || c != std::floor(c))
      fail(t, cat("class ", c, " is not there, expected a whole number from 0 to ", count - 1));
}

Var FormulaRecorder::class_node(const Term& t, const FormulaValue& given, Index count) {
  const std::string name = t.kind == Term::name ? std::string(t.name_text) : "class";
  if (named_.contains(name)) {
    const Var v = named_.find(name)->second;
    if (g_.node(v).kind == NodeKind::class_input && g_.node(v).classes == count) return v;
    fail(t, cat(detail::quoted(name), " is used as a number and as a class"));
  }
  const Var v = add_input(t, [&] { return g_.class_input(temporary_name(), count); });
  f_.values_[v.id()] = {Shape{}, given.values};
  if (t.kind == Term::name) {
    named_.emplace(name, v), used_.push_back(name);
    wanted_names_.emplace(v.id(), name);
  }
  return v;
}

Var FormulaRecorder::one_hot(const Term& t, const FormulaValue& given, const Shape& shape) {
  std::vector<double> rows(static_cast<std::size_t>(shape.size()), 0.0);
  for (std::size_t r = 0; r < given.values.size(); ++r)
    rows[r * static_cast<std::size_t>(shape.last()) + static_cast<std::size_t>(given.values[r])] =
        1;
  if (t.kind == Term::name) used_.emplace_back(t.name_text);
  return add_input(t, [&] {
    const Var v = g_.input(temporary_name(), shape);
    f_.values_[v.id()] = {shape.with_batch(false), std::move(rows)};
    f_.literals_.push_back(v);
    return v;
  });
}

}  // namespace chainrule::detail
