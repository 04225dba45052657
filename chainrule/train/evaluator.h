// Runs a model over a dataset batch by batch; what evaluate(), predict() and fit() share.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "chainrule/core/exchange.h"
#include "chainrule/core/thread_pool.h"
#include "chainrule/graph/tape.h"
#include "chainrule/train/evaluate.h"
#include "chainrule/train/feed.h"
#include "chainrule/train/history.h"

namespace chainrule {

/// Memory for measuring one dataset again and again. Model, data, pool and exchange must outlive
/// it. With an exchange each rank runs a part of the rows, and all get the same result.
class Evaluator {
 public:
  Evaluator(const Model& model, const Dataset& data, Index batch, ThreadPool& pool,
            Exchange* exchange = nullptr);

  /// Weighted mean of the rows' losses, and accuracy when there are classes.
  Score score();
  Evaluation evaluate(Index top_k);

 private:
  /// One batch after it has run: the data's rows [first, first + outputs.rows()).
  struct Batch {
    Index first;
    View<const float> outputs;  // [rows, outputs]
  };
  /// The outputs of all rows, by all ranks, and the loss.
  Tensor<float> outputs(double& loss);
  /// Runs the rank's rows, returns the loss of all.
  template <class F>
  double run(F&& on_batch);
  /// Are the data's classes what the model learns?
  bool classifies() const { return data_->has_classes() && model_->target(); }
  /// Replaces counts by their sums over the ranks.
  void add_up(std::span<std::int64_t> counts) const;

  const Model* model_;
  const Dataset* data_;
  Exchange* exchange_;
  Feed feed_;
  Tape<float> tape_;
  std::vector<std::int32_t> order_;  // 0, 1, 2, ...
};

}  // namespace chainrule
