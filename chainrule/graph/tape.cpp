#include "chainrule/graph/tape.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

namespace chainrule {
namespace {

constexpr double kGuardValue = -7.25e7;

ThreadPool& serial_pool() {
  static ThreadPool pool(1);
  return pool;
}

}  // namespace

template <class T>
Tape<T>::Tape(const Graph& graph, Params<T>* params, const TapeOptions& options)
    : graph_(&graph),
      params_(params),
      program_(graph, options),
      running_(std::make_unique<Running>(
          Running{options.pool != nullptr ? options.pool : &serial_pool(), options.rows})),
      slots_(static_cast<std::size_t>(graph.size())) {
  const std::size_t count = graph.params().size();
  if (params == nullptr && count > 0)
    throw Error("this graph has parameters: make the tape from its Params");
  if (params != nullptr && params->count() != static_cast<int>(count))
    throw Error(cat("the graph has ", count, " parameters, Params was made for ", params->count()));
  bind_gradients(options.param_grads);
  bind();
}

template <class T>
void Tape<T>::bind_gradients(std::span<std::byte> given) {
  if (program_.inference() || params_ == nullptr) return;
  const std::size_t size = params_->trainable().size();
  if (given.empty()) own_param_grads_ = Buffer<T>(static_cast<Index>(size));
  if (!given.empty() && given.size() != size * sizeof(T))
    throw Error(cat(given.size(), " bytes for the gradients of ", size, " parameters"));
  T* const there = reinterpret_cast<T*>(given.data());
  param_grads_ = {given.empty() ? own_param_grads_.data() : there, size};
}

template <class T>
void Tape<T>::bind() {
  arena_ = Buffer<T>(program_.arena());
  index_arena_ = Buffer<std::int32_t>(program_.index_arena());
  const auto guard = [&](Index offset) {
    guards_.push_back(offset);
    std::fill_n(arena_.data() + offset, kGuard, static_cast<T>(kGuardValue));
  };
  guard(0);
  const auto place = [&](Index offset, Index size) {
    if (!program_.inference()) guard(offset + padded(size));
    return arena_.data() + offset;
  };
  for (int id = 0; id < static_cast<int>(slots_.size()); ++id) {
    const Node& node = graph_->node(id);
    const Program::Place& p = program_.place(id);
    Slot<T>& s = slot(id);
    s.shape = &node.shape;
    s.readable = p.readable;
    if (p.value >= 0) s.value = place(p.value, program_.elements(node));
    if (p.grad >= 0) s.grad = place(p.grad, program_.elements(node));
    if (p.indices >= 0) s.indices = index_arena_.data() + p.indices;
    if (p.workspace >= 0) place(p.workspace, p.workspace_size);
    if (node.kind == NodeKind::param && p.needed) s.value = (*params_)[node.param].data();
    if (p.param_grad) s.grad = param_grads_.data() + params_->offset(node.param);
    if (node.kind == NodeKind::constant && p.value >= 0)
      std::transform(node.constant.begin(), node.constant.end(), s.value,
                     [](double v) { return static_cast<T>(v); });
  }
  for (const int id : program_.steps()) {
    if (graph_->node(id).op->has_state()) stateful_.push_back(steps_.size());
    steps_.emplace_back(*graph_, id, memory(id), *running_);
  }
}

template <class T>
StepMemory<T> Tape<T>::memory(int node) const {
  StepMemory<T> m;
  for (const int in : graph_->node(node).inputs) m.inputs.push_back(slot(in));
  m.output = slot(node);
  const Program::Place& p = program_.place(node);
  // A tape that may not be changed gives memory that others may run in, as contributions() does.
  if (p.workspace >= 0)
    m.workspace = {const_cast<T*>(arena_.data()) + p.workspace,
                   static_cast<std::size_t>(p.workspace_size)};
  return m;
}

template <class T>
StepMemory<T> Tape<T>::memory(const Var& node) const {
  const int id = number(node);
  if (graph_->node(id).kind != NodeKind::op || !program_.place(id).needed)
    throw Error(cat("'", graph_->node(id).name, "' is not an operation of this tape"));
  return memory(id);
}

template <class T>
View<T> Tape<T>::view(T* data, int node) const {
  const Shape& shape = graph_->node(node).shape;
  return {data, shape.batched() ? rows() : 1, shape.size()};
}

template <class T>
void Tape<T>::set_rows(Index rows) {
  if (rows < 1 || rows > capacity())
    throw ShapeError(cat("a batch of ", rows, " rows, this tape was made for 1 to ", capacity()));
  running_->rows = rows;
}

template <class T>
View<T> Tape<T>::input(const Var& v) {
  const int id = number(v);
  if (graph_->node(id).kind != NodeKind::input)
    throw Error(cat("'", graph_->node(id).name, "' is not an input of numbers"));
  return view(slot(id).value, id);
}

template <class T>
View<std::int32_t> Tape<T>::class_input(const Var& v) {
  const int id = number(v);
  const Node& node = graph_->node(id);
  if (node.kind != NodeKind::class_input)
    throw Error(cat("'", node.name, "' is not an input of class indices"));
  return {const_cast<std::int32_t*>(slot(id).indices), rows(), node.shape.size()};
}

template <class T>
template <class U>
void Tape<T>::set(const Var& v, std::span<const U> values) {
  const Node& node = graph_->node(number(v));
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
void Tape<T>::forward(const Pass& pass) {
  running_->pass = pass;
  for (const Step<T>& step : steps_) step.forward();
}

template <class T>
void Tape<T>::plan_backward(int from) {
  const std::vector<Program::Turn> turns = program_.backward(from);
  for (int id = 0; id < static_cast<int>(slots_.size()); ++id)
    if (program_.place(id).grad >= 0)
      std::fill_n(slot(id).grad, program_.elements(graph_->node(id)), T{});
  std::fill(param_grads_.begin(), param_grads_.end(), T{});
  backward_.clear();
  for (const Program::Turn& turn : turns) {
    StepMemory<T> m = memory(turn.node);
    for (std::size_t i = 0; i < m.inputs.size(); ++i) m.inputs[i].first = turn.first[i];
    backward_.push_back({Step<T>(*graph_, turn.node, std::move(m), *running_), turn.zero});
  }
  find_final_steps();
  backward_from_ = from;
}

template <class T>
void Tape<T>::find_final_steps() {
  if (backward_.empty() || params_ == nullptr) return;
  std::vector<std::size_t> last(slots_.size(), 0);  // step that adds to each gradient
  for (std::size_t i = 0; i < backward_.size(); ++i)
    for (const int in : graph_->node(backward_[i].step.node()).inputs)
      if (wants_grad(in)) last[static_cast<std::size_t>(in)] = i;
  std::size_t step = 0;
  for (int p = static_cast<int>(graph_->params().size()) - 1; p >= 0; --p) {
    if (params_->offset(p) >= std::ssize(param_grads_)) continue;
    step = std::max(step,
                    last[static_cast<std::size_t>(graph_->params()[static_cast<std::size_t>(p)])]);
    backward_[step].final_from = params_->offset(p);
  }
}

template <class T>
void Tape<T>::backward(const Var& from, std::span<const T> upstream,
                       const std::function<void(Index)>& final_from) {
  const int id = number(from);
  if (backward_from_ != id) plan_backward(id);
  const View<T> seed = view(slot(id).grad, id);
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
    step.step.backward();
    if (final_from && step.final_from >= 0) final_from(step.final_from);
  }
}

template <class T>
void Tape<T>::update_state() {
  for (const std::size_t i : stateful_) steps_[i].update_state();
}

template <class T>
View<const T> Tape<T>::value(const Var& v) const {
  const int id = number(v);
  const Slot<T>& s = slot(id);
  if (s.value == nullptr || !s.readable)
    throw Error(cat("this tape does not keep the value of '", graph_->node(id).name, "'"));
  return view(s.value, id);
}

template <class T>
View<const T> Tape<T>::grad(const Var& v) const {
  const int id = number(v);
  if (!wants_grad(id))
    throw Error(cat("this tape does not compute the gradient of '", graph_->node(id).name, "'"));
  return view(slot(id).grad, id);
}

template <class T>
std::vector<Term<T>> Tape<T>::contributions(const Var& v) const {
  const View<const T> total = grad(v);
  const int id = number(v);
  std::vector<Term<T>> terms;
  for (const BackwardStep& step : backward_) {
    const int consumer = step.step.node();
    const Node& node = graph_->node(consumer);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] != id) continue;
      Tensor<T> amount(total.rows(), total.cols());
      StepMemory<T> m = memory(consumer);
      for (Slot<T>& input : m.inputs) input.grad = nullptr;
      m.inputs[i].grad = amount.data();
      Step<T>(*graph_, consumer, std::move(m), *running_).backward();
      terms.push_back({graph_->var(consumer), static_cast<int>(i), std::move(amount)});
    }
  }
  return terms;
}

template <class T>
std::optional<NonFinite> Tape<T>::find_nonfinite() const {
  const auto bad = [](View<const T> v) {
    return !std::all_of(v.begin(), v.end(), [](T x) { return std::isfinite(x); });
  };
  for (int id = 0; id < static_cast<int>(slots_.size()); ++id)
    if (slot(id).value != nullptr && bad(view(slot(id).value, id)))
      return NonFinite{graph_->var(id), false};
  for (int id = backward_from_; id >= 0; --id)
    if (wants_grad(id) && bad(view(slot(id).grad, id))) return NonFinite{graph_->var(id), true};
  return std::nullopt;
}

template <class T>
void Tape<T>::poison(T value) {
  for (const Step<T>& step : steps_) {
    std::fill_n(slot(step.node()).value, program_.elements(graph_->node(step.node())), value);
    std::ranges::fill(step.workspace(), value);
  }
  for (const BackwardStep& step : backward_)
    for (const int in : graph_->node(step.step.node()).inputs)
      if (wants_grad(in)) std::fill_n(slot(in).grad, program_.elements(graph_->node(in)), value);
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
#define CHAINRULE_SET(T, U) template void Tape<T>::set(const Var&, std::span<const U>)
CHAINRULE_SET(float, float);
CHAINRULE_SET(float, double);
CHAINRULE_SET(float, std::int32_t);
CHAINRULE_SET(double, float);
CHAINRULE_SET(double, double);
CHAINRULE_SET(double, std::int32_t);
#undef CHAINRULE_SET

}  // namespace chainrule
