#include <array>

#include "chainrule/core/json.h"
#include "chainrule/explain/text.h"

namespace chainrule {
namespace detail {
namespace {

void nest(std::string& out, std::span<const double>& values, std::span<const Index> shape) {
  if (shape.empty()) {
    out += json_number(values.front());
    values = values.subspan(1);
    return;
  }
  out += '[';
  for (Index i = 0; i < shape[0]; ++i) {
    if (i > 0) out += ", ";
    nest(out, values, shape.subspan(1));
  }
  out += ']';
}

}  // namespace

std::string json_array(std::span<const double> values, std::span<const Index> shape) {
  if (values.empty()) return "null";
  std::string out;
  nest(out, values, shape);
  return out;
}

}  // namespace detail

namespace {

/// JSON that is written already.
struct Raw {
  std::string text;
};
std::string to_json(const Raw& raw) { return raw.text; }

Raw array(std::span<const double> values, std::span<const Index> shape) {
  return {detail::json_array(values, shape)};
}

JsonObject statistics(const Stats& s) {
  return JsonObject()
      .add("size", s.size)
      .add("zeros", s.zeros)
      .add("min", s.min)
      .add("max", s.max)
      .add("mean", s.mean)
      .add("deviation", s.deviation)
      .add("norm", s.norm)
      .add("mean_abs", s.mean_abs);
}

std::string_view kind_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::input:
      return "input";
    case NodeKind::class_input:
      return "class";
    case NodeKind::constant:
      return "constant";
    case NodeKind::param:
      return "parameter";
    default:
      return "operation";
  }
}

JsonObject node_json(const ExplainedNode& n) {
  JsonObject json;
  json.add("name", n.label).add("kind", kind_of(n.kind)).add("shape", n.shape);
  if (!n.op.empty())
    json.add("op", n.op)
        .add("symbol", n.symbol)
        .add("formula", n.formula)
        .add("numbers", n.numbers);
  if (!n.source.empty()) json.add("source", n.source);
  json.add("value", array(n.value, n.shape));
  if (n.value_stats.size > 1) json.add("value_stats", statistics(n.value_stats));
  if (n.has_gradient) {
    json.add("gradient", array(n.gradient, n.shape));
    if (n.gradient_stats.size > 1) json.add("gradient_stats", statistics(n.gradient_stats));
  }
  if (n.check)
    json.add("check", JsonObject()
                          .add("verdict", to_string(n.check->verdict))
                          .add("numerical", array(n.check->values, n.shape))
                          .add("checked", n.check->checked)
                          .add("kinks", n.check->kinks)
                          .add("max_relative_error", n.check->max_error));
  return json;
}

JsonObject edge_json(const Explanation& e, const ExplainedEdge& edge) {
  const ExplainedNode& from = e.nodes[static_cast<std::size_t>(edge.from)];
  const ExplainedNode& to = e.nodes[static_cast<std::size_t>(edge.to)];
  JsonObject json;
  json.add("from", from.label)
      .add("to", to.label)
      .add("from_node", edge.from)
      .add("to_node", edge.to)
      .add("input", edge.input);
  if (!edge.has_gradient) return json;
  const std::array<Index, 2> size{edge.rows, edge.cols};
  const bool single = edge.rows * edge.cols == 1;
  json.add("formula", edge.formula)
      .add("is_factor", edge.is_factor)
      .add("upstream", array(to.gradient, to.shape))
      .add("local", array(edge.local, std::span(size).first(single ? 0 : 2)))
      .add("diagonal", edge.diagonal)
      .add("downstream", array(edge.downstream, from.shape));
  return json;
}

}  // namespace

std::string explanation_json(const Explanation& e) {
  JsonObject gradients;
  std::vector<JsonObject> nodes, edges;
  for (const ExplainedNode& n : e.nodes) {
    nodes.push_back(node_json(n));
    if (n.has_gradient && n.kind != NodeKind::op)
      gradients.add(n.label, array(n.gradient, n.shape));
  }
  for (const ExplainedEdge& edge : e.edges) edges.push_back(edge_json(e, edge));
  return JsonObject()
      .add("output", e.out().label)
      .add("value", array(e.out().value, e.out().shape))
      .add("gradients", gradients)
      .add("nodes", nodes)
      .add("edges", edges)
      .str();
}

}  // namespace chainrule
