// Asynchronous successive halving whose decisions do not depend on which network is ready first.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "chainrule/core/shape.h"

namespace chainrule::cli {

/// Network `trial` trained for `epochs` epochs, which is rung `rung`.
struct Job {
  std::int64_t trial = 0;
  int rung = 0;
  Index epochs = 0;
};

/// Less is better; the second decides between equal firsts.
using Rank = std::pair<double, double>;

/// ASHA (Li, Jamieson, Rostamizadeh, Gonina, Hardt, Recht, Talwalkar: A System for Massively
/// Parallel Hyperparameter Tuning, MLSys 2020, algorithm 2): of the networks that have reached a
/// rung the best third goes on to three times as many epochs, and when none may, a new one begins.
/// Job i is decided by the ranks of the jobs 0 to i - kLag alone, so that the jobs are the same for
/// any number of processors up to kLag.
class Halving {
 public:
  static constexpr std::int64_t kLag = 16;
  static constexpr Index kEta = 3;

  /// `epochs`: of the highest rung. `trials`: 0 for as many as are asked for.
  Halving(Index epochs, std::int64_t trials);

  /// The next job; its number is how many there were before. None when ranks must be known first,
  /// or when the search is over.
  std::optional<Job> next();
  void report(std::size_t job, Rank rank);
  bool over() const { return over_; }

  const std::vector<Job>& jobs() const { return jobs_; }
  const std::optional<Rank>& rank(std::size_t job) const { return ranks_[job]; }
  const std::vector<Index>& rungs() const { return rungs_; }

 private:
  /// By what the first `visible` jobs have shown.
  std::optional<Job> decide(std::size_t visible) const;

  std::vector<Index> rungs_;  ///< epochs
  std::int64_t trials_, begun_ = 0;
  std::vector<Job> jobs_;
  std::vector<std::optional<Rank>> ranks_;
  std::size_t visible_ = 0;
  bool over_ = false;
};

}  // namespace chainrule::cli
