// How good scores, probabilities and classes are, row by row; definitions and special cases as in
// scikit-learn 1.2 (sklearn.metrics), to rounding.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "chainrule/core/shape.h"
#include "chainrule/core/tensor.h"

namespace chainrule {

/// In all of these `weights` has one element per row or none (each counts 1); NaN where there is
/// nothing to measure.
using Weights = std::span<const double>;

/// Probability that a row of the class (truth 1) has a higher score than one of the rest, ties by
/// half: the area under the ROC curve. NaN when all rows are of one kind.
double roc_auc(std::span<const double> scores, std::span<const std::uint8_t> truth,
               Weights weights = {});
/// Area under the steps of the precision-recall curve: sum of (R_n - R_n-1) P_n over the thresholds
/// from above. 0 when no row is of the class.
double average_precision(std::span<const double> scores, std::span<const std::uint8_t> truth,
                         Weights weights = {});
/// Mean over the classes that have rows, but not all of them, of each one's area against the rest.
/// `probabilities` is [rows, classes].
double macro_roc_auc(View<const double> probabilities, std::span<const std::int32_t> truth,
                     Weights weights = {});
/// Mean of -log p(true class); p is clipped to [2^-52, 1 - 2^-52], then each row divided by its
/// sum.
double log_loss(View<const double> probabilities, std::span<const std::int32_t> truth,
                Weights weights = {});

/// A square of (weighted) counts, [true, predicted].
struct WeightedConfusion {
  explicit WeightedConfusion(Index classes)
      : classes(classes), counts(static_cast<std::size_t>(classes * classes)) {}
  void add(std::int32_t truth, std::int32_t predicted, double weight = 1) {
    counts[static_cast<std::size_t>(truth * classes + predicted)] += weight;
  }
  double operator()(Index t, Index p) const {
    return counts[static_cast<std::size_t>(t * classes + p)];
  }
  Index classes;
  std::vector<double> counts;
};

/// Mean recall over the classes that have rows.
double balanced_accuracy(const WeightedConfusion& c);
/// Matthews' correlation of truth and prediction, for any number of classes; 0 when either has one
/// class only.
double matthews(const WeightedConfusion& c);

/// One bin of predicted probabilities of yes, and how often yes was true there.
struct CalibrationBin {
  double predicted, observed;  ///< means over the bin's rows
  Index rows;
};
/// `bins` equal parts of [0, 1]; those without rows are left out.
std::vector<CalibrationBin> calibration(std::span<const double> probabilities,
                                        std::span<const std::uint8_t> truth, int bins = 10);

/// The threshold, a value between two neighbouring probabilities, at which the mean of the recalls
/// of yes and no is greatest; of several the one nearest to a half. A half when all rows are of one
/// kind.
double best_threshold(std::span<const double> probabilities, std::span<const std::uint8_t> truth,
                      Weights weights = {});

/// The value below which a part `q` of all lies, between neighbours by linear interpolation.
double quantile(std::vector<double> values, double q);

}  // namespace chainrule
