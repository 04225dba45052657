#include "chainrule/graph/tape.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <type_traits>
#include <utility>

#include "chainrule/graph/op.h"

namespace chainrule {
namespace {

/// Elements between two buffers that nobody may write.
constexpr Index kGuard = 16;
constexpr double kGuardValue = -7.25e7;

Index padded(Index n) { return (n + 15) / 16 * 16; }

ThreadPool& serial_pool() {
  static ThreadPool pool(1);
  return pool;
}

/// Which nodes an inference tape must compute; all when no outputs are named.
std::vector<bool> needed(const Graph& graph, const std::vector<Var>& outputs) {
  std::vector<bool> need(static_cast<std::size_t>(graph.size()), outputs.empty());
  for (const Var& v : outputs) need[static_cast<std::size_t>(v.id())] = true;
  for (int id = graph.size() - 1; id >= 0; --id)
    if (need[static_cast<std::size_t>(id)])
      for (const int in : graph.node(id).inputs) need[static_cast<std::size_t>(in)] = true;
  return need;
}

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

}  // namespace

template <class T>
Tape<T>::Tape(Graph& graph, Params<T>* params, const TapeOptions& options)
    : graph_(&graph),
      params_(params),
      capacity_(options.rows),
      running_(std::make_unique<Running>(
          Running{options.pool != nullptr ? options.pool : &serial_pool(), options.rows})) {
  const std::size_t count = graph.params().size();
  if (params == nullptr && count > 0)
    throw Error("this graph has parameters: make the tape from its Params");
  if (params != nullptr && params->count() != static_cast<int>(count))
    throw Error(cat("the graph has ", count, " parameters, Params was made for ", params->count()));
  plan_memory(options);
}

template <class T>
void Tape<T>::plan_memory(const TapeOptions& options) {
  if (capacity_ < 1) throw Error(cat("a tape for ", capacity_, " rows, expected at least 1"));
  const Graph& graph = *graph_;
  const bool inference = !options.outputs.empty();
  const std::vector<bool> need = needed(graph, options.outputs);
  const auto elements = [&](const Shape& s) { return s.size() * (s.batched() ? capacity_ : 1); };

  // Last reader of each node; an inference tape re-uses the memory after it has run.
  std::vector<int> last(static_cast<std::size_t>(graph.size()), -1);
  for (int id = 0; id < graph.size(); ++id)
    for (const int in : graph.node(id).inputs) last[static_cast<std::size_t>(in)] = id;
  for (const Var& v : options.outputs) last[static_cast<std::size_t>(v.id())] = graph.size();

  struct Place {
    Index value = -1, grad = -1, indices = -1, workspace = -1, workspace_size = 0;
  };
  std::vector<Place> places(static_cast<std::size_t>(graph.size()));
  slots_.resize(static_cast<std::size_t>(graph.size()));
  std::vector<bool> differentiable(static_cast<std::size_t>(graph.size()), false);
  if (!inference && params_ != nullptr) {
    const std::size_t size = params_->trainable().size(), given = options.param_grads.size();
    if (given == 0) own_param_grads_ = Buffer<T>(static_cast<Index>(size));
    if (given != 0 && given != size * sizeof(T))
      throw Error(cat(given, " bytes for the gradients of ", size, " parameters"));
    T* const there = reinterpret_cast<T*>(options.param_grads.data());
    param_grads_ = {given == 0 ? own_param_grads_.data() : there, size};
  }
  Planner planner;
  Index index_end = 0;

  // Inputs and constants are written before forward(), so they come first: one that was recorded
  // after an operation must not lie where that operation still computes.
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    if (need[static_cast<std::size_t>(id)] &&
        (node.kind == NodeKind::input || node.kind == NodeKind::constant))
      places[static_cast<std::size_t>(id)].value = planner.take(elements(node.shape));
  }
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    Place& place = places[static_cast<std::size_t>(id)];
    slot(id).shape = &node.shape;
    if (!need[static_cast<std::size_t>(id)]) continue;
    bool differentiate = false;
    switch (node.kind) {
      case NodeKind::class_input:
        place.indices = index_end;
        index_end += padded(elements(node.shape));
        break;
      case NodeKind::param: {
        const View<T> values = (*params_)[node.param];
        slot(id).value = values.data();
        if (node.param_options.trainable && !inference)
          slot(id).grad = param_grads_.data() + params_->offset(node.param);
        differentiable[static_cast<std::size_t>(id)] = wants_grad(id);
        break;
      }
      case NodeKind::input:
        differentiate = options.input_gradients && !inference;
        break;
      case NodeKind::constant:
        break;
      case NodeKind::op: {
        std::vector<Shape> shapes;
        for (const int in : node.inputs) {
          shapes.push_back(graph.node(in).shape);
          if (differentiable[static_cast<std::size_t>(in)]) differentiate = true;
        }
        place.value = planner.take(elements(node.shape));
        place.workspace_size = node.op->workspace(shapes, capacity_);
        if (place.workspace_size > 0) place.workspace = planner.take(place.workspace_size);
        break;
      }
    }
    if (differentiate && !inference) {
      place.grad = planner.take(elements(node.shape));
      differentiable[static_cast<std::size_t>(id)] = true;
    }
    if (!inference || node.kind != NodeKind::op) continue;
    if (place.workspace >= 0) planner.give(place.workspace);
    for (const int in : node.inputs) {
      int& reader = last[static_cast<std::size_t>(in)];
      if (reader != id || graph.node(in).kind != NodeKind::op) continue;
      planner.give(places[static_cast<std::size_t>(in)].value);
      reader = -1;  // once, even when the node reads it twice
    }
  }

  arena_ = Buffer<T>(planner.end());
  index_arena_ = Buffer<std::int32_t>(index_end);
  for (Index i = 0; i < kGuard; ++i) arena_[i] = static_cast<T>(kGuardValue);
  guards_.push_back(0);
  const auto bind = [&](Index offset, Index size) {
    if (!inference) {
      guards_.push_back(offset + padded(size));
      std::fill_n(arena_.data() + guards_.back(), kGuard, static_cast<T>(kGuardValue));
    }
    return arena_.data() + offset;
  };
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    const Place& place = places[static_cast<std::size_t>(id)];
    if (place.value >= 0) slot(id).value = bind(place.value, elements(node.shape));
    if (place.grad >= 0) slot(id).grad = bind(place.grad, elements(node.shape));
    if (place.indices >= 0) slot(id).indices = index_arena_.data() + place.indices;
    if (node.kind == NodeKind::constant && place.value >= 0)
      std::transform(node.constant.begin(), node.constant.end(), slot(id).value,
                     [](double v) { return static_cast<T>(v); });
    if (node.kind != NodeKind::op || !need[static_cast<std::size_t>(id)]) continue;
    std::vector<Slot<T>> inputs;
    for (const int in : node.inputs) inputs.push_back(slot(in));
    std::span<T> workspace;
    if (place.workspace >= 0)
      workspace = {bind(place.workspace, place.workspace_size),
                   static_cast<std::size_t>(place.workspace_size)};
    if (node.op->has_state()) stateful_.push_back(steps_.size());
    steps_.push_back(make_step(id, std::move(inputs), workspace));
  }
  // The memory of everything but the outputs of an inference tape is used again.
  for (int id = 0; inference && id < graph.size(); ++id)
    if (graph.node(id).kind == NodeKind::op)
      slot(id).readable = last[static_cast<std::size_t>(id)] == graph.size();
}

template <class T>
View<T> Tape<T>::view(T* data, int node) const {
  const Shape& shape = graph_->node(node).shape;
  return {data, shape.batched() ? rows() : 1, shape.size()};
}

template <class T>
void Tape<T>::set_rows(Index rows) {
  if (rows < 1 || rows > capacity_)
    throw ShapeError(cat("a batch of ", rows, " rows, this tape was made for 1 to ", capacity_));
  running_->rows = rows;
}

template <class T>
View<T> Tape<T>::input(Var v) {
  if (graph_->node(v).kind != NodeKind::input)
    throw Error(cat("'", v.name(), "' is not an input of numbers"));
  return view(slot(v.id()).value, v.id());
}

template <class T>
View<std::int32_t> Tape<T>::class_input(Var v) {
  if (graph_->node(v).kind != NodeKind::class_input)
    throw Error(cat("'", v.name(), "' is not an input of class indices"));
  return {const_cast<std::int32_t*>(slot(v.id()).indices), rows(), v.shape().size()};
}

template <class T>
template <class U>
void Tape<T>::set(Var v, std::span<const U> values) {
  const Node& node = graph_->node(v);
  const Index expected = rows() * node.shape.size();
  if (static_cast<Index>(values.size()) != expected)
    throw ShapeError(cat("[input \"", node.name, "\"] got ", values.size(), " values, ", rows(),
                         " rows of shape ", node.shape.str(), " expect ", expected));
  if (node.kind != NodeKind::class_input) {
    if constexpr (std::is_same_v<T, U>)
      std::copy(values.begin(), values.end(), input(v).begin());
    else
      std::transform(values.begin(), values.end(), input(v).begin(),
                     [](U x) { return static_cast<T>(x); });
    return;
  }
  const View<std::int32_t> out = class_input(v);
  for (Index i = 0; i < expected; ++i) {
    const double x = static_cast<double>(values[static_cast<std::size_t>(i)]);
    if (!(x >= 0 && x < static_cast<double>(node.classes)) || x != std::floor(x))
      throw DataError(cat("[input \"", node.name, "\"] class ", x, " in row ",
                          i / node.shape.size(), ", expected a whole number from 0 to ",
                          node.classes - 1));
    out[i] = static_cast<std::int32_t>(x);
  }
}

template <class T>
typename Tape<T>::Step Tape<T>::make_step(int node, std::vector<Slot<T>> inputs,
                                          std::span<T> workspace) const {
  // Moving the vector does not move what the context looks at.
  const Context<T> context(inputs, slot(node), workspace, node, *running_);
  return {graph_->node(node).op.get(), node, std::move(inputs), context};
}

template <class T>
void Tape<T>::forward(const Pass& pass) {
  running_->pass = pass;
  for (const Step& step : steps_) step.op->forward(step.context);
}

template <class T>
void Tape<T>::plan_backward(int from) {
  if (!wants_grad(from))
    throw Error(
        cat("'", graph_->node(from).name, "' does not depend on anything to differentiate"));
  // Nodes that `from` depends on and that need a gradient.
  std::vector<bool> reached(slots_.size(), false), written(slots_.size(), false);
  std::vector<std::size_t> last(slots_.size(), 0);  // step that adds to each gradient
  reached[static_cast<std::size_t>(from)] = written[static_cast<std::size_t>(from)] = true;
  for (std::size_t id = 0; id < slots_.size(); ++id)
    if (wants_grad(static_cast<int>(id))) {
      const Node& node = graph_->node(static_cast<int>(id));
      if (node.kind != NodeKind::param)
        std::fill_n(slots_[id].grad, node.shape.size() * (node.shape.batched() ? capacity_ : 1),
                    T{});
    }
  std::fill(param_grads_.begin(), param_grads_.end(), T{});
  backward_.clear();
  for (auto it = steps_.rbegin(); it != steps_.rend(); ++it) {
    if (!reached[static_cast<std::size_t>(it->node)] || !wants_grad(it->node)) continue;
    const Node& node = graph_->node(it->node);
    std::vector<Slot<T>> inputs = it->inputs;
    std::vector<int> zero;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const auto in = static_cast<std::size_t>(node.inputs[i]);
      if (inputs[i].grad == nullptr) continue;
      reached[in] = true, last[in] = backward_.size();
      if (written[in]) continue;
      const bool once = std::count(node.inputs.begin(), node.inputs.end(), node.inputs[i]) == 1;
      if (node.op->assigns() && once)
        inputs[i].first = true;
      else
        zero.push_back(node.inputs[i]);
      written[in] = true;
    }
    backward_.push_back(
        {make_step(it->node, std::move(inputs), it->context.workspace()), std::move(zero)});
  }
  std::size_t step = 0;
  for (int p = static_cast<int>(graph_->params().size()) - 1; p >= 0 && !backward_.empty(); --p) {
    if (params_->offset(p) >= std::ssize(param_grads_)) continue;
    step = std::max(step,
                    last[static_cast<std::size_t>(graph_->params()[static_cast<std::size_t>(p)])]);
    backward_[step].final_from = params_->offset(p);
  }
  backward_from_ = from;
}

template <class T>
void Tape<T>::backward(Var from, std::span<const T> upstream,
                       const std::function<void(Index)>& final_from) {
  if (backward_from_ != from.id()) plan_backward(from.id());
  const View<T> seed = view(slot(from.id()).grad, from.id());
  if (upstream.empty()) {
    std::fill(seed.begin(), seed.end(), T{1});
  } else {
    if (static_cast<Index>(upstream.size()) != seed.size())
      throw ShapeError(cat("the upstream gradient of '", from.name(), "' has ", upstream.size(),
                           " elements, expected ", seed.size()));
    std::copy(upstream.begin(), upstream.end(), seed.begin());
  }
  for (const BackwardStep& step : backward_) {
    for (const int node : step.zero) {
      const View<T> grad = view(slot(node).grad, node);
      std::fill(grad.begin(), grad.end(), T{});
    }
    step.step.op->backward(step.step.context);
    if (final_from && step.final_from >= 0) final_from(step.final_from);
  }
}

template <class T>
void Tape<T>::update_state() {
  for (const std::size_t i : stateful_) steps_[i].op->update_state(steps_[i].context);
}

template <class T>
View<const T> Tape<T>::value(Var v) const {
  const Slot<T>& s = slot(v.id());
  if (s.value == nullptr || !s.readable)
    throw Error(cat("this tape does not keep the value of '", v.name(), "'"));
  return view(s.value, v.id());
}

template <class T>
View<const T> Tape<T>::grad(Var v) const {
  if (!wants_grad(v.id()))
    throw Error(cat("this tape does not compute the gradient of '", v.name(), "'"));
  return view(slot(v.id()).grad, v.id());
}

template <class T>
void Tape<T>::backward_node(Var node, std::span<T* const> targets, bool first) const {
  const auto it = std::find_if(steps_.begin(), steps_.end(),
                               [&](const Step& s) { return s.node == node.id(); });
  if (it == steps_.end()) throw Error(cat("'", node.name(), "' is not an operation"));
  std::vector<Slot<T>> inputs = it->inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    inputs[i].grad = targets[i], inputs[i].first = first;
  const Step step = make_step(node.id(), std::move(inputs), it->context.workspace());
  step.op->backward(step.context);
}

template <class T>
std::vector<Term<T>> Tape<T>::contributions(Var v) const {
  const View<const T> total = grad(v);
  std::vector<Term<T>> terms;
  for (const BackwardStep& step : backward_) {
    const Node& node = graph_->node(step.step.node);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] != v.id()) continue;
      Tensor<T> amount(total.rows(), total.cols());
      std::vector<T*> targets(node.inputs.size(), nullptr);
      targets[i] = amount.data();
      backward_node(graph_->var(step.step.node), targets, false);
      terms.push_back({graph_->var(step.step.node), static_cast<int>(i), std::move(amount)});
    }
  }
  return terms;
}

template <class T>
std::optional<NonFinite> Tape<T>::find_nonfinite() const {
  const auto bad = [](View<const T> v) {
    return !std::all_of(v.begin(), v.end(), [](T x) { return std::isfinite(x); });
  };
  for (int id = 0; id < graph_->size(); ++id)
    if (slot(id).value != nullptr && bad(view(slot(id).value, id)))
      return NonFinite{graph_->var(id), false};
  for (int id = backward_from_; id >= 0; --id)
    if (wants_grad(id) && bad(view(slot(id).grad, id))) return NonFinite{graph_->var(id), true};
  return std::nullopt;
}

template <class T>
void Tape<T>::poison(T value) {
  for (const Step& step : steps_) {
    const Shape& shape = graph_->node(step.node).shape;
    std::fill_n(slot(step.node).value, shape.size() * (shape.batched() ? capacity_ : 1), value);
    std::ranges::fill(step.context.workspace(), value);
  }
  for (const BackwardStep& step : backward_)
    for (const Slot<T>& in : step.step.inputs)
      if (in.grad != nullptr)
        std::fill_n(in.grad, in.shape->size() * (in.shape->batched() ? capacity_ : 1), value);
}

template <class T>
bool Tape<T>::guards_intact() const {
  return std::all_of(guards_.begin(), guards_.end(), [&](Index offset) {
    return std::all_of(arena_.data() + offset, arena_.data() + offset + kGuard,
                       [](T x) { return x == static_cast<T>(kGuardValue); });
  });
}

template class Tape<float>;
template class Tape<double>;
#define CHAINRULE_SET(T, U) template void Tape<T>::set(Var, std::span<const U>)
CHAINRULE_SET(float, float);
CHAINRULE_SET(float, double);
CHAINRULE_SET(float, std::int32_t);
CHAINRULE_SET(double, float);
CHAINRULE_SET(double, double);
CHAINRULE_SET(double, std::int32_t);
#undef CHAINRULE_SET

}  // namespace chainrule
