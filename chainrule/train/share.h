// One rank's share of each training step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "chainrule/core/exchange.h"
#include "chainrule/core/tensor.h"
#include "chainrule/data/dataset.h"
#include "chainrule/graph/tape.h"

namespace chainrule {

/// All ranks draw the same batch, and each runs some of its rows. Gradients are added up over the
/// ranks, each with its part of the batch's weights, so that the sum is the gradient of the whole
/// batch. A bucket of gradients is sent as soon as it is final, while the backward pass goes on.
/// Without an exchange a share is the whole batch.
template <class T>
class Share {
 public:
  /// `bucket`: elements that are sent together.
  Share(Exchange* exchange, const Dataset& data, Index bucket = 1 << 18)
      : exchange_(exchange), data_(&data), bucket_(bucket) {}

  /// Of a batch of so many.
  Index most_rows(Index batch) const {
    return exchange_ == nullptr ? batch : (batch + exchange_->size() - 1) / exchange_->size();
  }
  /// Rows of the share; never none, so that every rank runs the same passes.
  std::span<const std::int32_t> take(std::span<const std::int32_t> batch);
  /// Where these rows lie in the batch, and how many of them count; 0 when the batch has fewer rows
  /// than there are ranks.
  Part part() const { return part_; }
  /// Their part of the batch's weights.
  double factor() const { return factor_; }
  /// Nothing falls to this rank, or only rows without weight: what it computes from the rows that
  /// it was given does not count.
  bool idle() const { return factor_ == 0; }

  /// Replaces values by their sums over the ranks, no later than at the end of backward().
  void add_up(std::span<double> values) {
    if (exchange_ != nullptr) exchange_->start_sum(values);
  }
  /// For the gradients of so many parameters: memory of the exchange, where it has some.
  std::span<std::byte> param_grads(std::size_t size);
  /// The whole batch's gradients, in tape.param_grads(). True when they and what add_up() has added
  /// up are finite.
  bool backward(Tape<T>& tape, Var loss);
  /// The mean over the ranks of running statistics, which each has moved by its own rows.
  void average(std::span<T> state);

 private:
  Exchange* exchange_;
  const Dataset* data_;
  Index bucket_;
  std::shared_ptr<std::byte> param_grads_;
  Part part_ = {0, 0};
  double factor_ = 1;
};

extern template class Share<float>;
extern template class Share<double>;

}  // namespace chainrule
