#include "chainrule/compare/replay.h"

#include <algorithm>

#include "chainrule/graph/op.h"

namespace chainrule {
namespace {

/// Operations write through slots; what they only read is const elsewhere.
template <class T>
T* writable(std::span<const T> values) {
  return const_cast<T*>(values.data());
}

}  // namespace

template <class T>
Replay<T>::Replay(Tape<T>& tape, const Params<T>* params, ThreadPool& pool,
                  std::span<const int> inputs)
    : graph_(&tape.graph()), running_{&pool, tape.rows()} {
  const auto size = static_cast<std::size_t>(graph_->size());
  values_.resize(size), indices_.resize(size), workspaces_.resize(size), wanted_.resize(size);
  for (int id = 0; id < graph_->size(); ++id) {
    const Node& node = graph_->node(id);
    const auto at = static_cast<std::size_t>(id);
    const auto copy = [](const auto& from, auto& to) { to.assign(from.begin(), from.end()); };
    switch (node.kind) {
      case NodeKind::input:
        copy(tape.input(tape.graph().var(id)), values_[at]);
        wanted_[at] = std::ranges::find(inputs, id) != inputs.end();
        break;
      case NodeKind::class_input:
        copy(tape.class_input(tape.graph().var(id)), indices_[at]);
        break;
      case NodeKind::constant:
        copy(node.constant, values_[at]);
        break;
      case NodeKind::param:
        copy((*params)[node.param], values_[at]);
        wanted_[at] = node.param_options.trainable;
        break;
      case NodeKind::op: {
        std::vector<Shape> shapes;
        for (const int in : node.inputs) {
          shapes.push_back(graph_->node(in).shape);
          if (wanted_[static_cast<std::size_t>(in)]) wanted_[at] = true;
        }
        values_[at].resize(static_cast<std::size_t>(elements(id)));
        workspaces_[at].resize(static_cast<std::size_t>(node.op->workspace(shapes, rows())));
        break;
      }
    }
  }
}

template <class T>
template <class U>
Replay<T>::Replay(const Replay<U>& other)
    : graph_(other.graph_),
      running_(other.running_),
      indices_(other.indices_),
      wanted_(other.wanted_) {
  const auto copied = [](const std::vector<U>& from) {
    return std::vector<T>(from.begin(), from.end());
  };
  for (const auto& v : other.values_) values_.push_back(copied(v));
  for (const auto& w : other.workspaces_) workspaces_.emplace_back(w.size());
  for (const auto& [id, mask] : other.masks_) masks_[id] = copied(mask);
  for (const auto& [id, factor] : other.scales_) scales_[id] = static_cast<T>(factor);
}

template <class T>
Index Replay<T>::elements(int node) const {
  const Shape& shape = graph_->node(node).shape;
  return shape.size() * (shape.batched() ? rows() : 1);
}

template <class T>
std::vector<Slot<T>> Replay<T>::slots(int node) const {
  std::vector<Slot<T>> slots;
  for (const int in : graph_->node(node).inputs)
    slots.push_back({.value = writable(std::span<const T>(value(in))),
                     .indices = classes(in).data(),
                     .shape = &graph_->node(in).shape});
  return slots;
}

template <class T>
Context<T> Replay<T>::context(int node, std::span<const Slot<T>> inputs, const Slot<T>& output,
                              std::span<T> workspace) const {
  return {inputs, output, workspace, node, running_};
}

template <class T>
void Replay<T>::forward(const Pass& pass) {
  running_.pass = pass;
  for (int id = 0; id < graph_->size(); ++id) {
    const Node& node = graph_->node(id);
    if (node.kind != NodeKind::op) continue;
    std::vector<T>& y = values_[static_cast<std::size_t>(id)];
    std::vector<T>& work = workspaces_[static_cast<std::size_t>(id)];
    const Slot<T> output{.value = y.data(), .shape = &node.shape};
    node.op->forward(context(id, slots(id), output, work));
    const auto mask = masks_.find(id);
    if (mask == masks_.end()) continue;
    const std::vector<T>& x = value(node.inputs[0]);
    std::copy(mask->second.begin(), mask->second.end(), work.begin());
    std::transform(x.begin(), x.end(), work.begin(), y.begin(), [](T a, T m) { return a * m; });
  }
}

template <class T>
Gradients<T> Replay<T>::backward(int loss, const std::map<int, Rule<T>>& rules, T upstream,
                                 const std::function<bool(int, std::vector<T>&)>& done) const {
  Gradients<T> gradients(values_.size());
  for (int id = 0; id <= loss; ++id)
    if (wanted_[static_cast<std::size_t>(id)])
      gradients[static_cast<std::size_t>(id)].assign(static_cast<std::size_t>(elements(id)), T{});
  std::ranges::fill(gradients[static_cast<std::size_t>(loss)], upstream);
  for (int id = loss; id >= 0; --id) {
    std::vector<T>& dy = gradients[static_cast<std::size_t>(id)];
    if (dy.empty()) continue;
    if (done && !done(id, dy)) break;
    const Node& node = graph_->node(id);
    if (node.kind != NodeKind::op) continue;
    if (const auto scale = scales_.find(id); scale != scales_.end())
      for (T& x : dy) x *= scale->second;
    // Zeros for each input, added to its gradient afterwards: an input may be used twice.
    std::vector<std::vector<T>> terms(node.inputs.size());
    std::vector<std::vector<T>*> dx(node.inputs.size(), nullptr);
    for (std::size_t i = 0; i < dx.size(); ++i)
      if (const int in = node.inputs[i]; wanted_[static_cast<std::size_t>(in)]) {
        terms[i].assign(static_cast<std::size_t>(elements(in)), T{});
        dx[i] = &terms[i];
      }
    const Turn<T> turn{*this, id, dy, dx};
    const auto rule = rules.find(id);
    rule == rules.end() ? turn.run() : rule->second(turn);
    for (std::size_t i = 0; i < dx.size(); ++i) {
      if (dx[i] == nullptr) continue;
      std::vector<T>& sum = gradients[static_cast<std::size_t>(node.inputs[i])];
      std::transform(sum.begin(), sum.end(), terms[i].begin(), sum.begin(), std::plus<>());
    }
  }
  return gradients;
}

template <class T>
std::span<const T> Turn<T>::in(std::size_t i) const {
  return replay.value(replay.graph().node(node).inputs[i]);
}

template <class T>
std::span<const T> Turn<T>::out() const {
  return replay.value(node);
}

template <class T>
void Turn<T>::run(const Instead& instead) const {
  const Node& n = replay.graph().node(node);
  std::vector<Slot<T>> inputs = replay.slots(node);
  if (!instead.in0.empty()) inputs[0].value = writable(instead.in0);
  if (!instead.in1.empty()) inputs[1].value = writable(instead.in1);
  if (!instead.classes1.empty()) inputs[1].indices = instead.classes1.data();
  const Op& op = instead.op == nullptr ? *n.op : *instead.op;
  std::vector<T>& own = replay.workspaces_[static_cast<std::size_t>(node)];
  std::vector<T> work, y;
  std::span<T> workspace = own;
  Slot<T> output{.value = writable(out()),
                 .grad = writable(instead.dy.empty() ? dy : instead.dy),
                 .shape = &n.shape};
  if (instead.forward) {
    y.resize(out().size()), work.resize(own.size());
    output.value = y.data(), workspace = work;
    op.forward(replay.context(node, inputs, output, workspace));
  }
  if (!instead.work.empty()) workspace = {writable(instead.work), instead.work.size()};
  if (!instead.out.empty()) output.value = writable(instead.out);
  for (std::size_t i = 0; i < dx.size(); ++i)
    if (dx[i] != nullptr) inputs[i].grad = dx[i]->data();
  op.backward(replay.context(node, inputs, output, workspace));
}

template class Replay<float>;
template class Replay<double>;
template Replay<float>::Replay(const Replay<double>&);
template Replay<double>::Replay(const Replay<float>&);
template struct Turn<float>;
template struct Turn<double>;

}  // namespace chainrule
