// The memory of a graph and the two loops over it: forward and backward.
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "chainrule/core/tensor.h"
#include "chainrule/graph/params.h"
#include "chainrule/graph/program.h"
#include "chainrule/graph/step.h"

namespace chainrule {

/// One term of a gradient: what consumer's chain rule added through its input number `input`.
template <class T>
struct Term {
  Var consumer;
  int input;
  Tensor<T> amount;
};

/// A node with a value or a gradient that is not finite.
struct NonFinite {
  Var node;
  bool in_gradient;
};

/// A program with memory, allocated once. forward() and backward() allocate nothing (backward()
/// plans when the node that it starts from changes). The graph, the parameters and the pool must
/// outlive the tape. Nodes that are recorded afterwards are not part of it: a Var of such a node,
/// as one of another graph, is refused with an Error.
template <class T>
class Tape {
 public:
  explicit Tape(const Graph& graph, const TapeOptions& options = {})
      : Tape(graph, nullptr, options) {}
  Tape(Params<T>& params, const TapeOptions& options = {})
      : Tape(params.graph(), &params, options) {}

  const Graph& graph() const { return *graph_; }
  const Program& program() const { return program_; }
  ThreadPool& pool() const { return *running_->pool; }
  Index capacity() const { return program_.rows(); }
  /// Rows of the next batch, 1 to capacity(). At first capacity().
  void set_rows(Index rows);
  Index rows() const { return running_->rows; }

  /// Copies values into an input: rows() x shape.size() of them, row-major. Throws ShapeError for
  /// another number, DataError for a class index out of range.
  template <class U>
  void set(const Var& input, std::span<const U> values);
  void set(const Var& input, std::initializer_list<T> values) {
    set(input, std::span<const T>(values.begin(), values.size()));
  }
  void set(const Var& input, T value) { set(input, std::span<const T>(&value, 1)); }
  /// The memory of an input, to write a batch into without a copy. Indices are not checked here.
  View<T> input(const Var& v);
  View<std::int32_t> class_input(const Var& v);

  void forward(const Pass& pass = {});
  /// Gradient of `from` with respect to every node before it; the upstream gradient is 1 for each
  /// element, or as given.
  void backward(const Var& from) { backward(from, {}); }
  /// Calls `final_from(k)` as soon as nothing will change param_grads() from k on; k falls to 0.
  void backward(const Var& from, std::span<const T> upstream,
                const std::function<void(Index)>& final_from = {});
  /// Lets operations move their running statistics; once after each training step.
  void update_state();

  View<const T> value(const Var& v) const;
  /// Zero for a node on which the last backward()'s start does not depend.
  View<const T> grad(const Var& v) const;
  /// Gradients of the trainable parameters, laid out like Params::trainable().
  std::span<T> param_grads() const { return param_grads_; }
  /// The terms that the last backward() added up to grad(v), one for each use of v.
  std::vector<Term<T>> contributions(const Var& v) const;

  /// First node, in the order of computation, that holds NaN or infinity.
  std::optional<NonFinite> find_nonfinite() const;

  /// Where the operation of that node lies in this tape, for a Step of one's own with other memory
  /// in place of some of it. Throws Error when the node is no operation that runs here.
  StepMemory<T> memory(const Var& node) const;
  const Running& running() const { return *running_; }

  // For the gradient check.
  /// Fills with `value` everything that forward() and backward() must write.
  void poison(T value);
  /// True while nothing wrote between the buffers.
  bool guards_intact() const;

 private:
  struct BackwardStep {
    Step<T> step;
    std::vector<int> zero;  ///< nodes whose gradient must be filled with zeros before
    Index final_from = -1;  ///< after the step param_grads() is final from here on, too
  };

  Tape(const Graph& graph, Params<T>* params, const TapeOptions& options);
  void bind_gradients(std::span<std::byte> given);
  void bind();
  void plan_backward(int from);
  void find_final_steps();
  StepMemory<T> memory(int node) const;
  int number(const Var& v) const { return graph_->number(v, static_cast<int>(slots_.size())); }
  Slot<T>& slot(int node) { return slots_[static_cast<std::size_t>(node)]; }
  const Slot<T>& slot(int node) const { return slots_[static_cast<std::size_t>(node)]; }
  View<T> view(T* data, int node) const;
  bool wants_grad(int node) const { return slot(node).grad != nullptr; }

  const Graph* graph_;
  Params<T>* params_;
  Program program_;
  std::unique_ptr<Running> running_;  // where contexts find it after the tape has moved
  std::vector<Slot<T>> slots_;
  std::vector<Step<T>> steps_;
  std::vector<std::size_t> stateful_;  // steps whose operation has state
  std::vector<BackwardStep> backward_;
  int backward_from_ = -1;
  Buffer<T> arena_;
  Buffer<T> own_param_grads_;
  std::span<T> param_grads_;
  Buffer<std::int32_t> index_arena_;
  std::vector<Index> guards_;
};

extern template class Tape<float>;
extern template class Tape<double>;

}  // namespace chainrule
