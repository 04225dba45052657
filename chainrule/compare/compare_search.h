// Which of the known mistakes reproduces somebody's arrays?
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "chainrule/compare/given_arrays.h"
#include "chainrule/compare/mistakes.h"

namespace chainrule::detail {

using Values = std::vector<double>;

/// Greatest |v| and greatest |a - b|.
double greatest(const Values& v);
double difference(const Values& a, const Values& b);

/// What the arrays would be with a mistake.
struct Trial {
  std::vector<bool> agrees;    ///< by array; false behind the place where the walk was ended
  std::vector<Values> values;  ///< empty behind it
  /// How many agree before the first that does not, and in all.
  std::size_t prefix() const {
    return static_cast<std::size_t>(std::ranges::find(agrees, false) - agrees.begin());
  }
  std::ptrdiff_t count() const { return std::ranges::count(agrees, true); }
};

class Search {
 public:
  /// All must outlive it. `rounded` is the same pass in float: how far it is from `replay` tells
  /// what is rounding.
  Search(const Replay<double>& replay, const Replay<float>& rounded,
         const std::vector<GivenArray>& arrays, int loss);

  /// Our gradients, by node.
  const Gradients<double>& right() const { return right_; }
  /// Theirs that can be used, by node.
  const std::map<int, Values>& given() const { return given_; }
  /// Differences of array i up to this are rounding, when it should be `values`.
  double tolerance(std::size_t i, const Values& values) const;

  Trial evaluate(const Change& change) const { return evaluate(change, arrays_.size(), false); }
  /// The mistake that, made in addition to `fixed`, explains most and spoils nothing: the longest
  /// way down from the loss, or if none explains the first array that differs, the most arrays. Of
  /// equally good ones the most special, then the nearest to the loss. `now` is evaluate(fixed).
  std::optional<Mistake> best(const Change& fixed, const Trial& now,
                              const std::vector<Mistake>& mistakes) const;

 private:
  /// Ends behind array `last`, or with `stop_early` behind the first that does not agree.
  Trial evaluate(const Change& change, std::size_t last, bool stop_early) const;
  Trial evaluate_added(const Change& fixed, const Trial& now, const Change& added, std::size_t last,
                       bool stop_early) const;
  void judge(std::size_t i, Trial& trial) const;
  std::optional<Mistake> fitted(const Mistake& m, const Change& fixed, const Trial& now,
                                std::size_t array) const;

  const Replay<double>& replay_;
  const std::vector<GivenArray>& arrays_;
  int loss_;
  Gradients<double> right_;
  std::vector<double> noise_;
  std::map<int, Values> given_;
};

}  // namespace chainrule::detail
