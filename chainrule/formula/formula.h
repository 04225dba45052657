// A formula as text, turned into a graph.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/graph/graph.h"
#include "chainrule/graph/tape.h"

namespace chainrule {
namespace detail {
class FormulaRecorder;
}

/// A number {}, a vector {N} or a matrix {M, N}, row by row.
struct FormulaValue {
  Shape shape;
  std::vector<double> values;
};

using FormulaValues = std::map<std::string, FormulaValue, std::less<>>;

/// Reads "3", "[1, 2]" or "[[1, 2], [3, 4]]". Throws Error with a mark below what is wrong.
FormulaValue parse_formula_value(std::string_view text);

/// Reads "name=value" into `values`. Throws Error for a name that is none or is given twice.
void add_formula_value(std::string_view text, FormulaValues& values);

/// A formula such as `z = x @ w + b; relu(z)`, recorded as an ordinary graph: every name that has
/// a value is an input of one row, every operation a node.
///
/// Statements are separated by `;`, the last one is the result. Operators, the loosest first:
/// `+ -`, `* / @`, unary minus, `^`. As in numpy, `*` multiplies elements and `@` matrices, and a
/// vector meets every row of a matrix. Functions: relu sigmoid tanh exp log sqrt abs max min sum
/// mean softmax transpose; cross_entropy(p, t) = -sum t log p of probabilities, and
/// softmax_cross_entropy(x, t) of logits x, averaged over the rows of a matrix; t is like p, or
/// the number of the class, or one such number per row.
///
/// The text is not trusted. Throws Error: one sentence, the text, a mark below the place.
class Formula {
 public:
  /// Throws also for a value that the formula does not use.
  Formula(std::string_view text, const FormulaValues& values);

  Graph& graph() const { return *graph_; }
  Var result() const { return result_; }
  const std::string& text() const { return text_; }
  /// The inputs that have a name, in the order in which the formula first uses them.
  const std::vector<Var>& inputs() const { return inputs_; }
  /// Vectors and matrices that stand in the formula itself: inputs that do not change.
  const std::vector<Var>& literals() const { return literals_; }

  /// A tape of one row with all inputs set, after forward(). Throws NumericError with a mark below
  /// the first operation whose result is not finite.
  std::unique_ptr<Tape<double>> run() const;

 private:
  friend class detail::FormulaRecorder;
  struct Place {
    std::size_t begin = 0, end = 0;
  };

  std::string text_;
  std::unique_ptr<Graph> graph_ = std::make_unique<Graph>();
  Var result_;
  std::vector<Var> inputs_, literals_;
  std::map<int, FormulaValue> values_;  // by node
  std::vector<Place> places_;           // by node
};

}  // namespace chainrule
