// How right a network is, row by row, against what needs no network.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/doctor/doctor.h"
#include "chainrule/model/model.h"

namespace chainrule::detail {

/// Of each row 0 or 1 for a class, for numbers the squared error in units of the variance.
struct Marks {
  std::vector<double> wrong;
  double auc = 0.5, auc_error = 0;  ///< of two classes and one number per row; NaN otherwise
  bool exact = false;  ///< these rows are all that there are, so there is no chance in them

  /// The part that is right, or R^2.
  double score() const;
  /// Half of the interval that holds 95 % of what other rows would give.
  double spread() const;
};

/// Is a right more often than b by more than chance (3 standard errors of the difference)?
bool better(const Marks& a, const Marks& b);

/// The rows that are looked at, and what plain answers make of them.
class Jury {
 public:
  /// `only_marks`: without the plain answers, to mark models alone.
  Jury(const Splits& data, std::uint64_t seed, int threads, bool only_marks = false);

  Marks marks(const Model& model) const;
  /// The same on training rows.
  Marks training(const Model& model) const;
  const Marks& constant() const { return constant_; }
  const Marks& linear() const { return linear_; }
  const Marks& neighbour() const { return neighbour_; }  ///< without rows when there are too few
  Index rows() const { return rows_.rows(); }
  bool on_training() const { return on_training_; }

 private:
  Marks of(const Dataset& rows, const std::vector<float>& outputs, Index width) const;
  void constant_answer();
  void linear_answer(std::uint64_t seed);
  void nearest_answer();

  const Splits& data_;
  int threads_;
  Dataset rows_, training_;
  std::vector<double> mean_, variance_;  // of the targets, by output
  Marks constant_, linear_, neighbour_;
  bool on_training_ = false;
};

/// The features as numbers, with mean 0 and variance 1 of the training rows where `scale`.
struct Scaled {
  std::vector<double> offset, factor;
  explicit Scaled(const Dataset& training);
  Dataset operator()(const Dataset& data) const;
};

}  // namespace chainrule::detail
