// All parameters of a graph by name, in one flat buffer.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "chainrule/core/tensor.h"
#include "chainrule/graph/graph.h"

namespace chainrule {

/// Values of every parameter of a graph. The trainable ones come first, so that an optimizer works
/// on one span; each starts at a multiple of 16 elements, and the gaps hold zeros. Any number of
/// tapes may share one Params; the graph must outlive it.
template <class T>
class Params {
 public:
  /// Initialises every parameter from its own stream of `seed`.
  explicit Params(const Graph& graph, std::uint64_t seed = 0);

  const Graph& graph() const { return *graph_; }
  int count() const { return static_cast<int>(offsets_.size()); }
  /// Scalars in the trainable parameters, gaps not counted.
  Index trainable_count() const { return trainable_count_; }

  /// Values of parameter `index` (in order of creation), of a parameter node, or of a name.
  View<T> operator[](int index) const;
  View<T> operator[](Var param) const { return (*this)[graph_->node(param).param]; }
  View<T> operator[](std::string_view name) const;
  /// Where parameter `index` begins in all().
  Index offset(int index) const { return offsets_[static_cast<std::size_t>(index)]; }

  /// The flat buffer: trainable() followed by running statistics.
  std::span<T> all() const { return buffer_.span(); }
  std::span<T> trainable() const {
    return buffer_.span().first(static_cast<std::size_t>(trainable_size_));
  }

 private:
  const Graph* graph_;
  std::vector<Index> offsets_;
  Index trainable_size_ = 0;
  Index trainable_count_ = 0;
  Buffer<T> buffer_;
};

extern template class Params<float>;
extern template class Params<double>;

}  // namespace chainrule
