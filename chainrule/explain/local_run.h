// One operation of a graph run alone, in memory of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "chainrule/core/tensor.h"
#include "chainrule/graph/context.h"
#include "chainrule/graph/tape.h"

namespace chainrule {

/// Asks an operation for its derivative without touching the tape on which it ran: for any
/// upstream gradient, hence for any row of its Jacobian matrix. The tape must have run forward()
/// with `pass`. T is float or double.
template <class T>
class LocalRun {
 public:
  /// For `rows` rows of the batch; none: all of them.
  LocalRun(Tape<T>& tape, Var node, const Pass& pass, std::optional<Index> rows = {});
  LocalRun(const LocalRun&) = delete;
  LocalRun& operator=(const LocalRun&) = delete;

  /// Copies the inputs from the tape, beginning at row `first`, and runs forward.
  void load(Index first = 0);
  /// Runs forward again, after inputs were changed.
  void forward();
  /// What backward adds to the gradient of input `i` when the upstream gradient is this. Valid
  /// until the next call.
  std::span<const T> backward(int i, std::span<const T> upstream);

  int inputs() const { return static_cast<int>(slots_.size()); }
  /// Empty for class indices.
  std::span<T> input(int i) const { return values_[static_cast<std::size_t>(i)].span(); }
  std::span<const T> output() const { return out_.span(); }

 private:
  Context<T> context();

  Tape<T>& tape_;
  Var node_;
  std::vector<Buffer<T>> values_, grads_;
  std::vector<Buffer<std::int32_t>> indices_;
  std::vector<Slot<T>> slots_;
  Buffer<T> out_, dout_, workspace_;
  ThreadPool pool_{1};
  Running running_;
};

extern template class LocalRun<float>;
extern template class LocalRun<double>;

}  // namespace chainrule
