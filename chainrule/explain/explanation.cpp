#include "chainrule/explain/explanation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "chainrule/explain/local_run.h"
#include "chainrule/explain/op_text.h"
#include "chainrule/explain/text.h"

namespace chainrule {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<double> copied(View<const double> v) { return {v.begin(), v.end()}; }

double total(View<const double> v) {
  double sum = 0;
  for (const double x : v) sum += x;
  return sum;
}

/// Compares the gradient of an input or parameter with central differences.
class Checker {
 public:
  Checker(Tape<double>& tape, Var output, const Pass& pass)
      : tape_(tape), output_(output), pass_(pass) {
    Index size = 0;
    for (int id = 0; id < tape.graph().size(); ++id) size += tape.graph().node(id).shape.size();
    constexpr Index kWork = 50'000'000;  // elements computed for one input
    most_ = std::max<Index>(4, kWork / (2 * size * tape.rows()));
  }

  NumericalCheck operator()(Var v, std::span<const double> gradient) {
    NumericalCheck check;
    const View<const double> value = tape_.value(v);
    // The tape computes from this memory; a parameter's belongs to Params.
    double* const x = const_cast<double*>(value.data());
    const Index n = value.size(), stride = (n + most_ - 1) / most_;
    check.values.assign(gradient.size(), kNan);
    double largest = 0;
    for (const double g : gradient) largest = std::max(largest, std::abs(g));
    for (Index i = 0; i < n; i += stride)
      compare(x[i], gradient[static_cast<std::size_t>(i)], largest, check,
              static_cast<std::size_t>(i));
    return check;
  }

 private:
  void compare(double& x, double gradient, double largest, NumericalCheck& check, std::size_t i) {
    const double middle = x, h = 6e-6 * std::max(1.0, std::abs(middle));
    const auto f = [&](double at) {
      x = at;
      tape_.forward(pass_);
      return total(tape_.value(output_));
    };
    const double above = f(middle + h), below = f(middle - h), here = f(middle);
    const double numerical = (above - below) / (2 * h);
    check.values[i] = numerical;
    ++check.checked;
    if (!std::isfinite(numerical) || !std::isfinite(gradient)) {
      check.verdict = NumericalCheck::not_finite;
      return;
    }
    // What rounding of f alone can make of the quotient is no difference.
    const double noise = 4 * std::numeric_limits<double>::epsilon() *
                         std::max({std::abs(above), std::abs(below), 1e-300}) / h;
    const double scale = std::max({std::abs(gradient), std::abs(numerical), 1e-3 * largest, 1e-6});
    const double error = std::max(0.0, std::abs(gradient - numerical) - noise) / scale;
    check.max_error = std::max(check.max_error, error);
    if (error <= 1e-6) return;
    // The slopes to both sides of a kink differ however short the step; of one that lies beside x
    // a shorter step sees nothing.
    const double jump = std::abs(above - 2 * here + below) / h, narrow = h / 8;
    const double near_above = f(middle + narrow), near_below = f(middle - narrow);
    f(middle);
    const double near_jump = std::abs(near_above - 2 * here + near_below) / narrow;
    const double near_slope = (near_above - near_below) / (2 * narrow);
    const bool kink = jump > 1e-3 * scale &&
                      (near_jump > 0.5 * jump || std::abs(near_slope - gradient) < 1e-4 * scale);
    check.kinks += kink;
    if (check.verdict == NumericalCheck::ok || !kink)
      check.verdict = kink ? NumericalCheck::kink : NumericalCheck::differs;
  }

  Tape<double>& tape_;
  Var output_;
  Pass pass_;
  Index most_;
};

class Explainer {
 public:
  Explainer(Tape<double>& tape, Var output, const ExplainOptions& options)
      : tape_(tape), graph_(tape.graph()), output_(output), options_(options) {}

  Explanation operator()() {
    find_nodes();
    tape_.forward(options_.pass);
    if (differentiable_[at(output_.id())]) tape_.backward(output_);
    for (const int id : order_) add_node(id);
    for (const int id : order_) add_edges(id);
    for (ExplainedNode& node : e_.nodes) {
      node.numbers = numbers(node);
      if (options_.check && node.has_gradient && node.kind != NodeKind::op)
        node.check = Checker(tape_, output_, options_.pass)(
            graph_.var(node.id), copied(tape_.grad(graph_.var(node.id))));
    }
    if (options_.check) tape_.forward(options_.pass);
    e_.output = index_[at(output_.id())];
    e_.rows = tape_.rows();
    return std::move(e_);
  }

 private:
  static std::size_t at(int id) { return static_cast<std::size_t>(id); }

  void find_nodes() {
    std::vector<bool> needed(at(graph_.size()), false);
    needed[at(output_.id())] = true;
    for (int id = output_.id(); id >= 0; --id)
      if (needed[at(id)])
        for (const int in : graph_.node(id).inputs) needed[at(in)] = true;
    differentiable_.assign(at(graph_.size()), false);
    index_.assign(at(graph_.size()), -1);
    for (int id = 0; id <= output_.id(); ++id) {
      if (!needed[at(id)]) continue;
      const Node& node = graph_.node(id);
      bool d = node.kind == NodeKind::input ||
               (node.kind == NodeKind::param && node.param_options.trainable);
      for (const int in : node.inputs) d = d || differentiable_[at(in)];
      if (std::ranges::find(options_.fixed, graph_.var(id)) != options_.fixed.end()) d = false;
      differentiable_[at(id)] = d;
      index_[at(id)] = static_cast<int>(order_.size());
      order_.push_back(id);
    }
  }

  std::string label(int id) const {
    const Node& node = graph_.node(id);
    if (node.kind == NodeKind::constant && node.constant.size() == 1) return cat(node.constant[0]);
    if (!node.name.starts_with('#')) return node.name;
    if (node.kind != NodeKind::input) return "class";
    const std::vector<Index> shape(node.shape.dims().begin(), node.shape.dims().end());
    const std::string values = detail::value_text(tape_.value(graph_.var(id)).span(), shape, 24);
    return values.starts_with('[') ? values : "values";
  }

  std::vector<std::string> input_labels(int id) const {
    std::vector<std::string> labels;
    for (const int in : graph_.node(id).inputs) labels.push_back(label(in));
    return labels;
  }

  void add_node(int id) {
    const Node& node = graph_.node(id);
    const Var v = graph_.var(id);
    ExplainedNode n;
    n.id = id, n.kind = node.kind, n.name = node.name, n.label = label(id);
    if (node.op) {
      n.op = node.op->doc().name;
      n.symbol = detail::symbol(*node.op);
      n.formula = detail::forward_text(*node.op, input_labels(id), n.label);
      n.source = node.op->doc().source;
    }
    n.trainable = node.kind == NodeKind::param && node.param_options.trainable;
    if (node.shape.batched() && tape_.rows() > 1) n.shape.push_back(tape_.rows());
    n.shape.insert(n.shape.end(), node.shape.dims().begin(), node.shape.dims().end());
    std::vector<double> value;
    if (node.kind == NodeKind::class_input) {
      const auto classes = tape_.class_input(v);
      value.assign(classes.begin(), classes.end());
    } else {
      value = copied(tape_.value(v));
    }
    n.value_stats = stats_of(value);
    if (n.value_stats.size <= options_.max_values) n.value = std::move(value);
    n.has_gradient = differentiable_[at(id)];
    if (n.has_gradient) {
      std::vector<double> gradient = copied(tape_.grad(v));
      n.gradient_stats = stats_of(gradient);
      if (n.gradient_stats.size <= options_.max_values) n.gradient = std::move(gradient);
    }
    e_.nodes.push_back(std::move(n));
  }

  void add_edges(int id) {
    const Node& node = graph_.node(id);
    if (!node.op) return;
    std::optional<LocalRun<double>> local;
    if (differentiable_[at(id)]) local.emplace(tape_, graph_.var(id), options_.pass);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      ExplainedEdge edge;
      edge.from = index_[at(node.inputs[i])], edge.to = index_[at(id)];
      edge.input = static_cast<int>(i);
      edge.has_gradient = differentiable_[at(node.inputs[i])];
      if (edge.has_gradient) differentiate(*local, node, edge);
      const int number = static_cast<int>(e_.edges.size());
      e_.nodes[at(edge.from)].outs.push_back(number);
      e_.nodes[at(edge.to)].ins.push_back(number);
      e_.edges.push_back(std::move(edge));
    }
  }

  void differentiate(LocalRun<double>& local, const Node& node, ExplainedEdge& edge) {
    const int id = e_.nodes[at(edge.to)].id;
    const auto [text, is_factor] =
        detail::local_text(*node.op, edge.input, input_labels(id), label(id));
    edge.formula = text, edge.is_factor = is_factor;
    const View<const double> upstream = tape_.grad(graph_.var(id));
    const auto downstream = local.backward(edge.input, upstream.span());
    const Index rows = upstream.size(), cols = static_cast<Index>(downstream.size());
    if (cols <= options_.max_values) edge.downstream.assign(downstream.begin(), downstream.end());
    if (rows * cols > options_.max_jacobian) return;
    edge.rows = rows, edge.cols = cols, edge.diagonal = rows == cols;
    std::vector<double> unit(static_cast<std::size_t>(rows), 0.0);
    for (std::size_t r = 0; r < unit.size(); ++r) {
      unit[r] = 1;
      const auto row = local.backward(edge.input, unit);
      unit[r] = 0;
      edge.local.insert(edge.local.end(), row.begin(), row.end());
      for (std::size_t c = 0; c < row.size(); ++c)
        if (c != r && row[c] != 0) edge.diagonal = false;
    }
  }

  std::string numbers(const ExplainedNode& node) const {
    const Node& recorded = graph_.node(node.id);
    if (!recorded.op) return "";
    std::vector<std::string> values;
    for (const int edge : node.ins) {
      const ExplainedNode& in = e_.nodes[at(e_.edges[at(edge)].from)];
      if (in.value.size() != 1 || in.kind == NodeKind::class_input) return "";
      values.push_back(in.value[0] < 0 ? cat("(", in.value[0], ")") : cat(in.value[0]));
    }
    return detail::forward_text(*recorded.op, values, "");
  }

  Tape<double>& tape_;
  const Graph& graph_;
  Var output_;
  const ExplainOptions& options_;
  std::vector<bool> differentiable_;
  std::vector<int> index_, order_;
  Explanation e_;
};

}  // namespace

std::string_view to_string(NumericalCheck::Verdict verdict) {
  switch (verdict) {
    case NumericalCheck::ok:
      return "ok";
    case NumericalCheck::differs:
      return "differs";
    case NumericalCheck::kink:
      return "kink";
    default:
      return "not finite";
  }
}

Stats stats_of(std::span<const double> values) {
  Stats s;
  s.size = static_cast<Index>(values.size());
  double sum = 0, squares = 0, absolute = 0;
  Index finite = 0;
  for (const double x : values) {
    if (!std::isfinite(x)) {
      ++s.not_finite;
      continue;
    }
    s.zeros += x == 0;
    s.min = finite == 0 ? x : std::min(s.min, x);
    s.max = finite == 0 ? x : std::max(s.max, x);
    ++finite;
    sum += x, squares += x * x, absolute += std::abs(x);
  }
  if (finite == 0) return s;
  const double n = static_cast<double>(finite);
  s.mean = sum / n, s.mean_abs = absolute / n, s.norm = std::sqrt(squares);
  for (const double x : values)
    if (std::isfinite(x)) s.deviation += (x - s.mean) * (x - s.mean);
  s.deviation = std::sqrt(s.deviation / n);
  return s;
}

Explanation explain(Tape<double>& tape, Var output, const ExplainOptions& options) {
  return Explainer(tape, output, options)();
}

}  // namespace chainrule
