// How good predictions are: counts for classes, distances for numbers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "chainrule/core/shape.h"
#include "chainrule/core/tensor.h"

namespace chainrule {

/// Is the true class among the k greatest outputs? Of equal outputs the first counts as greater,
/// so that k = 1 agrees with decide().
bool in_top_k(std::span<const float> outputs, std::int32_t truth, Index k);

/// How well one class is found, or the mean over classes.
struct ClassScore {
  double precision = 0;   ///< of the rows that were given this class, the part that has it
  double recall = 0;      ///< of the rows that have this class, the part that was given it
  double f1 = 0;          ///< 2 * precision * recall / (precision + recall)
  std::int64_t rows = 0;  ///< that have this class
};

/// Counts of rows by true and predicted class.
class Confusion {
 public:
  explicit Confusion(Index classes = 0);
  void add(std::int32_t truth, std::int32_t predicted) {
    ++counts_[static_cast<std::size_t>(truth * classes_ + predicted)];
  }

  Index classes() const { return classes_; }
  std::int64_t operator()(Index truth, Index predicted) const {
    return counts_[static_cast<std::size_t>(truth * classes_ + predicted)];
  }
  /// classes() x classes(), row-major; a row holds the rows of one true class.
  std::span<const std::int64_t> counts() const { return counts_; }
  std::span<std::int64_t> writable_counts() { return counts_; }
  std::int64_t rows() const;

  /// The part of the rows that were given their class; NaN without rows.
  double accuracy() const;
  /// A ratio without any row to count is 0.
  ClassScore score(Index c) const;
  /// Plain mean of the scores of those classes that a row has or was given.
  ClassScore macro() const;

 private:
  Index classes_;
  std::vector<std::int64_t> counts_;
};

/// Distances between predicted and true numbers, collected row by row.
class Regression {
 public:
  explicit Regression(Index outputs = 0);
  void add(std::span<const double> truth, std::span<const double> predicted, double weight = 1);

  /// Mean squared and mean absolute error over rows and outputs; NaN without rows.
  double mse() const;
  double mae() const;
  /// Mean over the outputs of the root of each one's mean squared error.
  double rmse() const;
  /// Coefficient of determination 1 - sum (t - y)^2 / sum (t - mean t)^2, mean over the outputs.
  /// An output whose targets are all the same counts 1 when it is met exactly, else 0. NaN for
  /// fewer than two rows.
  double r2() const;

 private:
  struct Sums {
    double first = 0;             // target: the following are of targets less it
    double mean = 0, spread = 0;  // by West's weighted update
    double squared = 0, absolute = 0;
  };
  std::int64_t rows_ = 0;
  double weight_ = 0;
  std::vector<Sums> outputs_;
};

}  // namespace chainrule
