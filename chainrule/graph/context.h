// What an operation sees while a tape runs it: memory of its inputs and its output.
#pragma once

#include <cstdint>
#include <span>

#include "chainrule/core/random.h"
#include "chainrule/core/shape.h"
#include "chainrule/core/tensor.h"
#include "chainrule/core/thread_pool.h"

namespace chainrule {

/// One node's memory. A batched node has as many rows as the running batch, others one.
template <class T>
struct Slot {
  T* value = nullptr;
  T* grad = nullptr;                      ///< null when nobody wants it
  const std::int32_t* indices = nullptr;  ///< class inputs only, instead of value
  const Shape* shape = nullptr;
  bool first = false;    ///< as an input of backward: the gradient's memory holds nothing yet
  bool readable = true;  ///< false when an inference tape re-uses the memory
};

/// How one forward pass runs.
struct Pass {
  bool training = false;   ///< dropout drops, batch_norm uses the batch
  std::uint64_t seed = 0;  ///< random numbers of the pass are fixed by seed, step and node
  std::uint64_t step = 0;
  Index first_row = 0;  ///< where the rows lie in a batch of which other tapes run the rest
};

/// What all nodes of a tape share while a batch runs.
struct Running {
  ThreadPool* pool;
  Index rows;
  Pass pass = {};
};

/// The memory of one node and the settings with which forward(), backward() or update_state() are
/// called. Made once for each node; only what `running` points to changes from batch to batch.
template <class T>
class Context {
 public:
  Context(std::span<const Slot<T>> inputs, const Slot<T>& output, std::span<T> workspace, int node,
          const Running& running)
      : inputs_(inputs), output_(output), workspace_(workspace), node_(node), running_(&running) {}

  int inputs() const { return static_cast<int>(inputs_.size()); }
  /// Values of input i.
  View<const T> in(int i) const { return view<const T>(slot(i).value, *slot(i).shape); }
  /// Class indices of input i, one per row and element.
  View<const std::int32_t> indices(int i) const {
    return view<const std::int32_t>(slot(i).indices, *slot(i).shape);
  }
  const Shape& in_shape(int i) const { return *slot(i).shape; }
  const Shape& out_shape() const { return *output_.shape; }
  /// Output: forward writes every element, backward may read.
  View<T> out() const { return view<T>(output_.value, *output_.shape); }
  /// Gradient of the loss with respect to the output; backward reads it.
  View<const T> dout() const { return view<const T>(output_.grad, *output_.shape); }

  /// Is the gradient of input i asked for?
  bool wants(int i) const { return slot(i).grad != nullptr; }
  /// Gradient of input i, to which backward adds. Empty unless wants(i).
  View<T> din(int i) const { return wants(i) ? view<T>(slot(i).grad, *slot(i).shape) : View<T>{}; }
  /// Only for operations with kAssigns: backward must overwrite din(i), which holds garbage.
  bool first(int i) const { return slot(i).first; }
  /// Only for update_state(): input i to be changed.
  View<T> state(int i) const { return view<T>(slot(i).value, *slot(i).shape); }

  /// Memory of Op::workspace() elements that keeps its content from forward to backward.
  std::span<T> workspace() const { return workspace_; }
  /// Rows of the running batch.
  Index rows() const { return running_->rows; }
  /// Number of the first one, for random numbers that belong to a row.
  Index first_row() const { return running_->pass.first_row; }
  /// Training (dropout drops, batch statistics) or inference.
  bool training() const { return running_->pass.training; }
  ThreadPool& pool() const { return *running_->pool; }
  /// Key of this node's random numbers in this step, for philox(key, stream, counter).
  std::uint64_t random_key() const { return running_->pass.seed; }
  std::uint64_t random_stream() const {
    return running_->pass.step << 24 | static_cast<std::uint64_t>(node_);
  }

 private:
  const Slot<T>& slot(int i) const { return inputs_[static_cast<std::size_t>(i)]; }
  template <class U>
  View<U> view(U* data, const Shape& shape) const {
    return {data, shape.batched() ? rows() : 1, shape.size()};
  }

  std::span<const Slot<T>> inputs_;
  Slot<T> output_;
  std::span<T> workspace_;
  int node_;
  const Running* running_;
};

}  // namespace chainrule
