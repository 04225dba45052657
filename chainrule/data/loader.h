// Mini-batches: which rows the next training step sees.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "chainrule/core/shape.h"

namespace chainrule {

struct LoaderOptions {
  Index batch = 128;
  bool shuffle = true;       ///< a new order in each epoch; false: the order of the data
  bool replacement = false;  ///< draw each batch from all rows, whatever was drawn before
  std::uint64_t seed = 0;
};

/// Gives row numbers of a dataset, batch after batch, epoch after epoch without end. The batch at
/// any (epoch, position) depends on the seed alone, so a stopped run continues where it was.
/// Allocates nothing after construction.
class Loader {
 public:
  /// Batches given so far: whole epochs, and batches of the running one, below batches().
  struct State {
    Index epoch = 0;
    Index position = 0;
    bool operator==(const State&) const = default;
  };

  /// Throws Error when there are no rows, more than 2^31 - 1, or the batch is not 1 to 2^31 - 1.
  explicit Loader(Index rows, const LoaderOptions& options = {});

  Index rows() const { return rows_; }
  /// Most rows in a batch: `batch`, but no more than there are rows unless drawn with replacement.
  Index batch() const { return batch_; }
  /// Batches in an epoch. The last one has fewer rows when the batch does not divide the rows;
  /// with replacement all are full.
  Index batches() const { return batches_; }

  /// Rows of the next batch, valid until the next call.
  std::span<const std::int32_t> next();

  State state() const { return state_; }
  /// Continues from `state`. Throws Error when its position is not below batches().
  void set_state(State state);

 private:
  Index rows_, batch_, batches_;
  LoaderOptions options_;
  State state_;
  Index ordered_epoch_ = -1;         // whose order order_ holds
  std::vector<std::int32_t> order_;  // of all rows, or with replacement of one batch
};

}  // namespace chainrule
