// What a formula says, recorded as the nodes of a graph.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/formula/formula.h"

namespace chainrule::detail {

/// What an expression is before it becomes a node: numbers are calculated at once, and a name may
/// turn out to be a class.
struct FormulaTerm {
  enum Kind { none, number, name, literal, var } kind = none;
  double value = 0;
  std::string_view name_text = {};
  FormulaValue matrix = {};
  Var node = {};
  std::size_t begin = 0, end = 0;  ///< place in the text
};

/// Adds operations to the graph of a formula, each with its place in the text, where an error is
/// marked.
class FormulaRecorder {
 public:
  using Term = FormulaTerm;
  FormulaRecorder(Formula& formula, const FormulaValues& values)
      : f_(formula), g_(*formula.graph_), values_(values) {}

  const std::string& text() const { return f_.text_; }
  [[noreturn]] void fail(std::size_t begin, std::size_t end, const std::string& message) const;
  [[noreturn]] void fail(const Term& t, const std::string& message) const {
    fail(t.begin, t.end, message);
  }

  /// Does the name stand for a value, or a result above?
  bool has(std::string_view name) const { return named_.contains(name) || values_.contains(name); }
  /// Throws when the name means something already.
  void check_new(const Term& name) const;
  /// name = value.
  void define(std::string_view name, const Term& value);
  /// Its node; adds inputs and constants when they are first used.
  Var node(const Term& t);
  /// Calls `add`, which adds an operation; says where in the text when its inputs do not fit.
  Term record(std::size_t begin, std::size_t end, const std::function<Var()>& add);

  /// a op b, where op is one of + - * / @ ^.
  Term binary(char op, const Term& a, const Term& b);
  /// Of probabilities p or of logits, averaged over the rows of a matrix.
  Term cross_entropy(const Term& p, const Term& t, bool logits, std::size_t begin, std::size_t end);

  /// Gives all nodes their names. Throws for a value that was not used.
  void finish(const Term& result);

 private:
  Term power(const Term& a, const Term& b, std::size_t begin, std::size_t end);
  Term product(const Term& a, const Term& b, std::size_t begin, std::size_t end);
  const FormulaValue* known(const Term& t, FormulaValue& number) const;
  void check_classes(const Term& t, const FormulaValue& given, Index count) const;
  Var class_node(const Term& t, const FormulaValue& given, Index count);
  Var one_hot(const Term& t, const FormulaValue& given, const Shape& shape);
  Var named(const Term& t);
  Var add_input(const Term& t, const std::function<Var()>& add);
  /// Names that no formula can use, until give_names().
  std::string temporary_name() const { return cat('#', g_.size()); }
  void check_used() const;
  void give_names();

  Formula& f_;
  Graph& g_;
  const FormulaValues& values_;
  std::map<std::string, Var, std::less<>> named_;
  std::vector<std::string> used_;
  std::map<int, std::string> wanted_names_;
  Index total_ = 0;
};

}  // namespace chainrule::detail
