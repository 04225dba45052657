// A backward pass taken apart: one data structure, of which text, JSON, drawings and pages are
// views.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chainrule/graph/tape.h"

namespace chainrule {

/// Numbers in a few numbers.
struct Stats {
  Index size = 0, zeros = 0, not_finite = 0;
  double min = 0, max = 0, mean = 0, deviation = 0;
  double norm = 0;      ///< sqrt(sum of squares)
  double mean_abs = 0;  ///< mean of |x|
};
Stats stats_of(std::span<const double> values);

/// The gradient of an input against central differences in double.
struct NumericalCheck {
  enum Verdict { ok, differs, kink, not_finite };
  Verdict verdict = ok;
  std::vector<double> values;  ///< one per element; NaN where it was not computed
  Index checked = 0;           ///< elements compared
  Index kinks = 0;             ///< of them those at a kink, where no slope is right
  double max_error = 0;        ///< greatest relative error
};
/// "ok", "differs", "kink" (some elements lie where the slopes to the left and to the right differ,
/// all others are ok), "not finite".
std::string_view to_string(NumericalCheck::Verdict verdict);

struct ExplainedNode {
  int id = 0;  ///< in the graph
  NodeKind kind = NodeKind::op;
  std::string name;
  std::string label;         ///< the name; of a number in a formula the number
  std::string op;            ///< "multiply", or "" for what is no operation
  std::string symbol;        ///< "×": what a drawing writes into the node
  std::string formula;       ///< "apple * apple_num"
  std::string numbers;       ///< "100 * 2", when all inputs are single numbers
  std::string source;        ///< where the operation's formula comes from
  std::vector<Index> shape;  ///< the batch first, when it has more than one row
  std::vector<double> value,
      gradient;  ///< empty when there are more than ExplainOptions::max_values
  Stats value_stats, gradient_stats;
  bool has_gradient = false;
  bool trainable = false;      ///< a parameter that training changes
  std::vector<int> ins, outs;  ///< edges that end and begin here
  std::optional<NumericalCheck> check;
};

/// One use of a node by an operation: there upstream × local = downstream. The upstream gradient
/// is the gradient of `to`, and the gradient of `from` is the sum of downstream over its edges.
struct ExplainedEdge {
  int from = 0, to = 0;  ///< in Explanation::nodes
  int input = 0;         ///< which input of the operation
  bool has_gradient = false;
  std::string formula;    ///< of the local derivative: "tax", or "dz w^T" when it is no factor
  bool is_factor = true;  ///< is the formula what upstream is multiplied by, element by element?
  /// d to / d from, a row for each element of `to`; empty when it would have more elements than
  /// ExplainOptions::max_jacobian.
  std::vector<double> local;
  Index rows = 0, cols = 0;        ///< of local
  bool diagonal = false;           ///< each element of `to` depends on one element of `from` only
  std::vector<double> downstream;  ///< like ExplainedNode::gradient of `from`
};

struct Explanation {
  std::vector<ExplainedNode> nodes;  ///< in the order of computation
  std::vector<ExplainedEdge> edges;
  int output = 0;
  Index rows = 1;  ///< of the batch
  const ExplainedNode& out() const { return nodes[static_cast<std::size_t>(output)]; }
};

struct ExplainOptions {
  Pass pass = {};
  bool check = true;            ///< compare with central differences
  Index max_jacobian = 4096;    ///< elements
  Index max_values = 1 << 16;   ///< elements
  std::vector<Var> fixed = {};  ///< inputs whose gradient is of no interest
};

/// Runs forward and backward from `output` and takes both apart. The inputs of the tape must be
/// set. Where `output` has several elements their gradient is that of their sum. Parameters and
/// inputs are moved for the check and put back.
Explanation explain(Tape<double>& tape, Var output, const ExplainOptions& options = {});

}  // namespace chainrule
