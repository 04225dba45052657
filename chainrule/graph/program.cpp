#include "chainrule/graph/program.h"

#include <algorithm>
#include <map>
#include <utility>

#include "chainrule/graph/op.h"

namespace chainrule {
namespace {

/// Offsets in the arena. Freed ranges are handed out again, the smallest that fits first.
class Planner {
 public:
  Index take(Index size) {
    size = padded(size) + kGuard;
    const auto it = free_.lower_bound(size);
    if (it == free_.end()) {
      taken_[end_] = size;
      return std::exchange(end_, end_ + size);
    }
    const auto [length, offset] = *it;
    taken_[offset] = length;
    free_.erase(it);
    return offset;
  }
  void give(Index offset) {
    free_.emplace(taken_.at(offset), offset);
    taken_.erase(offset);
  }
  Index end() const { return end_; }

 private:
  std::multimap<Index, Index> free_;  // size -> offset
  std::map<Index, Index> taken_;      // offset -> size
  Index end_ = kGuard;
};

std::size_t at(int node) { return static_cast<std::size_t>(node); }

/// Marks what the outputs of an inference program depend on; all when no outputs are named.
void mark_needed(const Graph& graph, const std::vector<Var>& outputs,
                 std::vector<Program::Place>& places) {
  for (Program::Place& p : places) p.needed = outputs.empty();
  for (const Var& v : outputs) places[at(graph.number(v))].needed = true;
  for (int id = graph.size() - 1; id >= 0; --id)
    if (places[at(id)].needed)
      for (const int in : graph.node(id).inputs) places[at(in)].needed = true;
}

}  // namespace

Program::Program(const Graph& graph, const TapeOptions& options)
    : graph_(&graph),
      rows_(options.rows),
      inference_(!options.outputs.empty()),
      places_(static_cast<std::size_t>(graph.size())) {
  if (rows_ < 1) throw Error(cat("a tape for ", rows_, " rows, expected at least 1"));
  mark_needed(graph, options.outputs, places_);
  place_nodes(options);
}

void Program::place_nodes(const TapeOptions& options) {
  const Graph& graph = *graph_;
  // Last reader of each node; an inference program re-uses the memory after it has run.
  std::vector<int> last(places_.size(), -1);
  for (int id = 0; id < graph.size(); ++id)
    for (const int in : graph.node(id).inputs) last[at(in)] = id;
  for (const Var& v : options.outputs) last[at(graph.number(v))] = graph.size();

  Planner planner;
  // Inputs and constants are written before forward(), so they come first: one that was recorded
  // after an operation must not lie where that operation still computes.
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    Place& place = places_[at(id)];
    if (!place.needed) continue;
    if (node.kind == NodeKind::input || node.kind == NodeKind::constant)
      place.value = planner.take(elements(node));
    if (node.kind == NodeKind::class_input)
      place.indices = std::exchange(index_arena_, index_arena_ + padded(elements(node)));
  }
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    Place& place = places_[at(id)];
    if (!place.needed) continue;
    bool differentiate = node.kind == NodeKind::input && options.input_gradients;
    if (node.kind == NodeKind::param) {
      const auto p = static_cast<std::size_t>(node.param);
      const bool frozen = p < options.frozen.size() && options.frozen[p];
      place.param_grad = !inference_ && node.param_options.trainable && !frozen;
    }
    if (node.kind == NodeKind::op) {
      std::vector<Shape> shapes;
      for (const int in : node.inputs) {
        shapes.push_back(graph.node(in).shape);
        differentiate |= places_[at(in)].wants_grad();
      }
      steps_.push_back(id);
      place.value = planner.take(elements(node));
      place.workspace_size = node.op->workspace(shapes, rows_);
      if (place.workspace_size > 0) place.workspace = planner.take(place.workspace_size);
    }
    if (differentiate && !inference_) place.grad = planner.take(elements(node));
    if (!inference_ || node.kind != NodeKind::op) continue;
    place.readable = last[at(id)] == graph.size();
    if (place.workspace >= 0) planner.give(place.workspace);
    for (const int in : node.inputs) {
      if (last[at(in)] != id || graph.node(in).kind != NodeKind::op) continue;
      planner.give(places_[at(in)].value);
      last[at(in)] = -1;  // once, even when the node reads it twice
    }
  }
  arena_ = planner.end();
}

std::vector<Program::Turn> Program::backward(int from) const {
  if (!place(from).wants_grad())
    throw Error(
        cat("'", graph_->node(from).name, "' does not depend on anything to differentiate"));
  std::vector<Turn> turns;
  // Nodes that `from` depends on, and those whose gradient something has been written to.
  std::vector<bool> reached(places_.size(), false);
  reached[at(from)] = true;
  std::vector<bool> written = reached;
  for (auto it = steps_.rbegin(); it != steps_.rend(); ++it) {
    if (!reached[at(*it)] || !place(*it).wants_grad()) continue;
    const Node& node = graph_->node(*it);
    Turn turn{*it, std::vector<bool>(node.inputs.size(), false), {}};
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const int in = node.inputs[i];
      if (!place(in).wants_grad()) continue;
      reached[at(in)] = true;
      if (written[at(in)]) continue;
      const bool once = std::count(node.inputs.begin(), node.inputs.end(), in) == 1;
      if (node.op->assigns() && once)
        turn.first[i] = true;
      else
        turn.zero.push_back(in);
      written[at(in)] = true;
    }
    turns.push_back(std::move(turn));
  }
  return turns;
}

}  // namespace chainrule
