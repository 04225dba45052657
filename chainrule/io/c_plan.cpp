#include "chainrule/io/c_plan.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "chainrule/graph/op.h"
#include "chainrule/io/c_ops.h"

namespace chainrule {
namespace {

constexpr int kInput = 0, kNoArray = -1;

/// An array of floats, from the step that writes it first to the last that reads it.
struct Array {
  Index size;
  int from, until;
};

class Planner {
 public:
  explicit Planner(const Model& model)
      : model_(model),
        graph_(model.graph()),
        needed_(static_cast<std::size_t>(graph_.size())),
        array_(needed_.size(), kNoArray),
        last_reader_(needed_.size(), -1) {}

  CPlan run() {
    find_needed();
    array_[at(model_.input().id())] = kInput;
    arrays_.push_back({model_.input().shape().size(), -1, graph_.size()});
    for (int id = 0; id < graph_.size(); ++id)
      if (needed_[at(id)] && graph_.node(id).kind == NodeKind::op) place(id);
    CPlan plan;
    const int output = array_[at(source(model_.output().id()))];
    if (output == kInput) return plan;
    const std::vector<std::string> names = name_arrays(plan.scratch, output);
    for (const auto& [id, to] : order_) {
      CStep step{id, {}, names[at(to)]};
      for (const int from : graph_.node(id).inputs) {
        const int array = array_[at(source(from))];
        step.from.push_back(array == kNoArray ? "" : names[at(array)]);
      }
      // An operation in place reads the array that it writes, whoever wrote it before.
      plan.steps.push_back(std::move(step));
    }
    return plan;
  }

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }

  bool does_nothing(const Node& n) const {
    return n.kind == NodeKind::op && (n.op->traits().random || n.op->traits().reshapes);
  }
  /// The node whose numbers these are, behind those that do nothing.
  int source(int id) const {
    while (does_nothing(graph_.node(id))) id = graph_.node(id).inputs[0];
    return id;
  }

  void find_needed() {
    const int output = model_.output().id();
    needed_[at(output)] = true;
    for (int id = output; id >= 0; --id) {
      if (!needed_[at(id)]) continue;
      const Node& n = graph_.node(id);
      if (n.kind == NodeKind::input || n.kind == NodeKind::class_input)
        if (id != model_.input().id())
          throw Error(cat("the output depends on a second input '", n.name,
                          "'; a function in C takes one"));
      for (const int from : n.inputs) needed_[at(from)] = true;
      if (n.kind != NodeKind::op || does_nothing(n)) continue;
      check_c_operation(graph_, n);
      for (const int from : n.inputs)
        last_reader_[at(source(from))] = std::max(last_reader_[at(source(from))], id);
    }
    last_reader_[at(source(output))] = graph_.size();
    if (!needed_[at(model_.input().id())])
      throw Error(
          cat("'", graph_.node(output).name, "' does not depend on the input, which C code needs"));
  }

  /// The array of an input that nobody reads afterwards and that is as long as the result.
  int reusable(int id) const {
    const Node& n = graph_.node(id);
    if (!works_in_place(*n.op)) return kNoArray;
    for (const int from : n.inputs) {
      const int array = array_[at(source(from))];
      if (array > kInput && last_reader_[at(source(from))] == id &&
          arrays_[at(array)].size == n.shape.size())
        return array;
    }
    return kNoArray;
  }

  void place(int id) {
    const Node& n = graph_.node(id);
    if (does_nothing(n)) return;
    const int step = static_cast<int>(order_.size());
    for (const int from : n.inputs)
      if (const int array = array_[at(source(from))]; array != kNoArray)
        arrays_[at(array)].until = std::max(arrays_[at(array)].until, step);
    int to = reusable(id);
    if (to == kNoArray) {
      to = static_cast<int>(arrays_.size());
      arrays_.push_back({n.shape.size(), step, step});
    }
    array_[at(id)] = to;
    order_.emplace_back(id, to);
  }

  /// "input", "output", and "h1", "h2", ... with memory for them.
  std::vector<std::string> name_arrays(CScratch& scratch, int output) const {
    std::vector<std::string> names(arrays_.size());
    std::vector<Array> inner;
    for (int i = 0; i < static_cast<int>(arrays_.size()); ++i) {
      if (i == kInput || i == output)
        names[at(i)] = i == kInput ? "input" : "output";
      else
        inner.push_back(arrays_[at(i)]), names[at(i)] = cat("h", std::ssize(inner));
    }
    bool chain = true;
    for (std::size_t i = 0; i < inner.size(); ++i)
      for (std::size_t j = i + 2; j < inner.size(); ++j) chain &= inner[i].until < inner[j].from;
    std::vector<Index> sizes;
    for (const Array& a : inner) sizes.push_back(a.size);
    scratch = chain ? c_scratch(sizes, "float", sizeof(float), "h", 1) : packed(inner);
    return names;
  }

  /// The largest first, each at the lowest place where it meets none of its time.
  static CScratch packed(const std::vector<Array>& arrays) {
    std::vector<std::size_t> order(arrays.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater<>(),
                             [&](std::size_t i) { return arrays[i].size; });
    std::vector<Index> offset(arrays.size(), -1);
    Index all = 0;
    for (const std::size_t i : order) {
      Index place = 0;
      for (bool moved = true; moved;) {
        moved = false;
        for (std::size_t j = 0; j < arrays.size(); ++j) {
          const bool together =
              arrays[j].from <= arrays[i].until && arrays[i].from <= arrays[j].until;
          if (j == i || offset[j] < 0 || !together) continue;
          if (place < offset[j] + arrays[j].size && offset[j] < place + arrays[i].size)
            place = offset[j] + arrays[j].size, moved = true;
        }
      }
      offset[i] = place;
      all = std::max(all, place + arrays[i].size);
    }
    CScratch s{cat("static float scratch[", all, "];"), all * Index{sizeof(float)}};
    for (std::size_t i = 0; i < arrays.size(); ++i)
      s.declarations += cat("\n  float *const h", i + 1, " = scratch + ", offset[i], ";");
    return s;
  }

  const Model& model_;
  const Graph& graph_;
  std::vector<bool> needed_;
  std::vector<int> array_;        ///< of each node
  std::vector<int> last_reader_;  ///< of each node
  std::vector<Array> arrays_;
  std::vector<std::pair<int, int>> order_;  ///< an operation and its array
};

}  // namespace

CPlan c_plan(const Model& model) { return Planner(model).run(); }

std::vector<int> c_chain(const Model& model) {
  const Graph& g = model.graph();
  std::vector<int> path;
  const CPlan plan = c_plan(model);
  for (const CStep& step : plan.steps) {
    const auto computed =
        std::ranges::count_if(step.from, [](const std::string& name) { return !name.empty(); });
    const bool follows =
        path.empty() ? step.from[0] == "input" : step.from[0] == plan.steps[path.size() - 1].to;
    if (computed != 1 || !follows)
      throw Error(cat("'", g.node(step.node).name,
                      "' makes the network more than a chain of layers, which int8 cannot hold"));
    path.push_back(step.node);
  }
  return path;
}

CScratch c_scratch(const std::vector<Index>& sizes, std::string_view type, Index element,
                   std::string_view name, int first) {
  Index most = 0, sum = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    most = std::max(most, sizes[i] + (i + 1 < sizes.size() ? sizes[i + 1] : 0));
    sum += sizes[i];
  }
  CScratch s{"", most * element};
  if (sizes.empty()) return s;
  if (sum == most) {
    for (std::size_t i = 0; i < sizes.size(); ++i)
      s.declarations +=
          cat(i == 0 ? "" : ", ", name, first + static_cast<int>(i), "[", sizes[i], "]");
    s.declarations = cat("static ", type, " ", s.declarations, ";");
    return s;
  }
  // Neighbours at the two ends of one array never meet.
  s.declarations = cat("static ", type, " scratch[", most, "];");
  for (std::size_t i = 0; i < sizes.size(); ++i)
    s.declarations += cat("\n  ", type, " *const ", name, first + static_cast<int>(i),
                          " = scratch + ", i % 2 == 0 ? 0 : most - sizes[i], ";");
  return s;
}

}  // namespace chainrule
