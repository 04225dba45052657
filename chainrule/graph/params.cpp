#include "chainrule/graph/params.h"

#include <algorithm>

namespace chainrule {

template <class T>
Params<T>::Params(const Graph& graph, std::uint64_t seed)
    : graph_(&graph), offsets_(graph.params().size()) {
  constexpr Index kGap = 16;
  Index size = 0;
  for (const bool trainable : {true, false}) {
    for (const int id : graph.params()) {
      const Node& node = graph.node(id);
      if (node.param_options.trainable != trainable) continue;
      offsets_[static_cast<std::size_t>(node.param)] = size;
      size += (node.shape.size() + kGap - 1) / kGap * kGap;
      if (trainable) trainable_count_ += node.shape.size();
    }
    if (trainable) trainable_size_ = size;
  }
  buffer_ = Buffer<T>(size);
  std::vector<double> values;
  for (const int id : graph.params()) {
    const Node& node = graph.node(id);
    if (!node.param_options.init) continue;
    values.assign(static_cast<std::size_t>(node.shape.size()), 0.0);
    Random random(seed, static_cast<std::uint64_t>(node.param));
    node.param_options.init(values, node.shape, random);
    std::transform(values.begin(), values.end(), (*this)[node.param].begin(),
                   [](double v) { return static_cast<T>(v); });
  }
}

template <class T>
View<T> Params<T>::operator[](int index) const {
  const int id = graph_->params()[static_cast<std::size_t>(index)];
  return {buffer_.data() + offset(index), 1, graph_->node(id).shape.size()};
}

template <class T>
View<T> Params<T>::operator[](std::string_view name) const {
  const Var v = graph_->find(name);
  if (graph_->node(v).kind != NodeKind::param)
    throw Error(cat("'", name, "' is not a parameter of this graph"));
  return (*this)[v];
}

template class Params<float>;
template class Params<double>;

}  // namespace chainrule
