// One operation in memory that somebody gives: what every pass over a graph is made of.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "chainrule/graph/context.h"
#include "chainrule/graph/op.h"

namespace chainrule {

/// What an operation reads and writes.
template <class T>
struct StepMemory {
  std::vector<Slot<T>> inputs;  ///< a null gradient is not wanted
  Slot<T> output;
  std::span<T> workspace;  ///< Op::workspace() elements
};

/// One operation of a graph, ready to run; graph, memory and `running` must outlive it.
template <class T>
class Step {
 public:
  Step(const Graph& graph, int node, StepMemory<T> memory, const Running& running)
      : op_(graph.node(node).op.get()),
        node_(node),
        inputs_(std::move(memory.inputs)),
        context_(inputs_, memory.output, memory.workspace, node, running) {}
  Step(Step&&) noexcept = default;  // moving the vector does not move what the context looks at
  Step& operator=(Step&&) noexcept = default;

  void forward() const { op_->forward(context_); }
  /// Adds to the gradients of the inputs, or sets those marked as first.
  void backward() const { op_->backward(context_); }
  void update_state() const { op_->update_state(context_); }

  const Op& op() const { return *op_; }
  int node() const { return node_; }
  const std::vector<Slot<T>>& inputs() const { return inputs_; }
  std::span<T> workspace() const { return context_.workspace(); }

 private:
  const Op* op_;
  int node_;
  std::vector<Slot<T>> inputs_;  // of the context
  Context<T> context_;
};

}  // namespace chainrule
