#include "chainrule/explain/local_run.h"

#include <algorithm>

#include "chainrule/graph/op.h"

namespace chainrule {

template <class T>
LocalRun<T>::LocalRun(Tape<T>& tape, Var node, const Pass& pass, std::optional<Index> rows)
    : tape_(tape), node_(node), running_{&pool_, rows.value_or(tape.rows()), pass} {
  const Graph& graph = tape.graph();
  const auto elements = [&](const Shape& s) {
    return s.size() * (s.batched() ? running_.rows : 1);
  };
  std::vector<Shape> shapes;
  for (const int in : graph.node(node).inputs) {
    const Node& input = graph.node(in);
    const Index size = elements(input.shape);
    const bool indices = input.kind == NodeKind::class_input;
    shapes.push_back(input.shape);
    values_.emplace_back(indices ? 0 : size);
    grads_.emplace_back();
    indices_.emplace_back(indices ? size : 0);
    slots_.push_back(
        {.value = values_.back().data(), .indices = indices_.back().data(), .shape = &input.shape});
  }
  out_ = Buffer<T>(elements(node.shape()));
  dout_ = Buffer<T>(elements(node.shape()));
  workspace_ = Buffer<T>(graph.node(node).op->workspace(shapes, running_.rows));
  load();
}

template <class T>
Context<T> LocalRun<T>::context() {
  const Slot<T> output{
      .value = out_.data(), .grad = dout_.data(), .shape = &tape_.graph().node(node_).shape};
  return {slots_, output, workspace_.span(), node_.id(), running_};
}

template <class T>
void LocalRun<T>::load(Index first) {
  const Graph& graph = tape_.graph();
  const std::vector<int>& inputs = graph.node(node_).inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Var v = graph.var(inputs[i]);
    const Index offset = v.shape().batched() ? first * v.shape().size() : 0;
    if (graph.node(v).kind == NodeKind::class_input)
      std::copy_n(tape_.class_input(v).data() + offset, indices_[i].size(), indices_[i].data());
    else
      std::copy_n(tape_.value(v).data() + offset, values_[i].size(), values_[i].data());
  }
  forward();
}

template <class T>
void LocalRun<T>::forward() {
  tape_.graph().node(node_).op->forward(context());
}

template <class T>
std::span<const T> LocalRun<T>::backward(int i, std::span<const T> upstream) {
  const auto k = static_cast<std::size_t>(i);
  if (grads_[k].size() == 0) grads_[k] = Buffer<T>(values_[k].size());
  std::fill(grads_[k].begin(), grads_[k].end(), T{0});
  std::copy(upstream.begin(), upstream.end(), dout_.begin());
  for (Slot<T>& slot : slots_) slot.grad = nullptr;
  slots_[k].grad = grads_[k].data();
  tape_.graph().node(node_).op->backward(context());
  return grads_[k].span();
}

template class LocalRun<float>;
template class LocalRun<double>;

}  // namespace chainrule
