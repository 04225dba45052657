// A second pair of passes over the recorded graph, in memory of its own, in which the backward pass
// of single nodes can be replaced: "what would the gradients be if this step were done like that?"
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "chainrule/core/thread_pool.h"
#include "chainrule/graph/context.h"
#include "chainrule/graph/graph.h"
#include "chainrule/graph/tape.h"

namespace chainrule {

/// Gradients by node number; empty where none is wanted.
template <class T>
using Gradients = std::vector<std::vector<T>>;

template <class T>
class Replay;

/// One node's turn in a backward pass, as a replacement of its own sees it.
template <class T>
struct Turn {
  const Replay<T>& replay;
  int node;
  std::span<const T> dy;                ///< gradient of the node's output
  std::span<std::vector<T>* const> dx;  ///< for each input zeros to be filled; null: not wanted

  std::span<const T> in(std::size_t i) const;
  std::span<const T> out() const;
  /// What the operation itself does, with other memory in place of some of its own: `in0` of its
  /// first input, `in1` of its second, `out` of its output. Empty: its own.
  struct Instead {
    std::span<const T> dy = {}, in0 = {}, in1 = {}, out = {};
    std::span<const std::int32_t> classes1 = {};  ///< of its second input
    std::span<const T> work = {};                 ///< of its working memory
    const Op* op = nullptr;  ///< another operation of the same inputs and output
    bool forward = false;    ///< first computes the output again, into memory of its own
  };
  void run(const Instead& instead) const;
  void run() const { run(Instead{}); }
};

template <class T>
using Rule = std::function<void(const Turn<T>&)>;

/// T is float or double. The graph and the pool must outlive it.
template <class T>
class Replay {
 public:
  /// Takes the inputs and the number of rows from a tape, the parameters from `params` (null: there
  /// are none). `inputs`: nodes of inputs whose gradients are wanted too.
  Replay(Tape<T>& tape, const Params<T>* params, ThreadPool& pool, std::span<const int> inputs);
  /// The same inputs, parameters and masks in another precision, before forward().
  template <class U>
  explicit Replay(const Replay<U>& other);

  const Graph& graph() const { return *graph_; }
  Index rows() const { return running_.rows; }
  ThreadPool& pool() const { return *running_.pool; }
  /// To be changed before forward(): inputs and parameters.
  std::vector<T>& value(int node) { return values_[static_cast<std::size_t>(node)]; }
  const std::vector<T>& value(int node) const { return values_[static_cast<std::size_t>(node)]; }
  std::vector<std::int32_t>& classes(int node) { return indices_[static_cast<std::size_t>(node)]; }
  const std::vector<std::int32_t>& classes(int node) const {
    return indices_[static_cast<std::size_t>(node)];
  }
  /// What a dropout node multiplies by in forward() instead of random numbers.
  void set_mask(int node, std::vector<T> mask) { masks_[node] = std::move(mask); }
  /// What backward() multiplies a node's gradient by before it is handed on.
  void set_scale(int node, T factor) { scales_[node] = factor; }
  bool wanted(int node) const { return wanted_[static_cast<std::size_t>(node)]; }
  std::span<const T> workspace(int node) const {
    return workspaces_[static_cast<std::size_t>(node)];
  }

  void forward(const Pass& pass);

  /// Gradients of `loss`. `rules` take the place of the nodes' own backward passes, `upstream` the
  /// place of 1. Nodes are visited from the loss to the inputs; `done(node, gradient)` is called
  /// when a gradient is complete, before it is handed on, may change it, and ends the walk by
  /// returning false.
  Gradients<T> backward(int loss, const std::map<int, Rule<T>>& rules = {}, T upstream = 1,
                        const std::function<bool(int, std::vector<T>&)>& done = {}) const;

 private:
  friend struct Turn<T>;
  template <class U>
  friend class Replay;
  Index elements(int node) const;
  Context<T> context(int node, std::span<const Slot<T>> inputs, const Slot<T>& output,
                     std::span<T> workspace) const;
  std::vector<Slot<T>> slots(int node) const;

  const Graph* graph_;
  Running running_;
  std::vector<std::vector<T>> values_;
  std::vector<std::vector<std::int32_t>> indices_;
  mutable std::vector<std::vector<T>> workspaces_;
  std::map<int, std::vector<T>> masks_;
  std::map<int, T> scales_;
  std::vector<bool> wanted_;
};

extern template class Replay<float>;
extern template class Replay<double>;
extern template struct Turn<float>;
extern template struct Turn<double>;

}  // namespace chainrule
