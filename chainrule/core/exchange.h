// Several processes that compute together, and how they add up what each has found.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/core/shape.h"

namespace chainrule {

/// Another rank was lost, does not answer, or was started with something else than this one.
class RankError : public Error {
 public:
  using Error::Error;
};

/// What one process, a rank, knows of all that compute together. Each of them makes the same calls
/// with the same sizes in the same order. chainrule/dist makes one from MPI.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual int rank() const = 0;  ///< from 0
  virtual int size() const = 0;

  /// Begins to replace `values` by their sums over all ranks, while the caller goes on; they must
  /// stay untouched until wait() returns. Every rank gets the same bits, whatever the timing: terms
  /// are added in the order of the ranks.
  virtual void start_sum(std::span<float> values) = 0;
  virtual void start_sum(std::span<double> values) = 0;
  /// Until every sum that was begun is there; true when all of these are finite. Throws RankError.
  virtual bool wait() = 0;

  /// Zeros whose sums cost least, since the ranks of a machine make them where they lie; null where
  /// there is no such memory. All ranks sum the same part of it. Not while sums are under way.
  virtual std::shared_ptr<std::byte> memory(Index bytes) = 0;

  /// What start_sum() and wait() have taken so far, and what other ranks have got from this one.
  virtual double seconds_waited() const = 0;
  virtual std::int64_t bytes_sent() const = 0;

  template <class T>
  void sum(std::span<T> values) {
    start_sum(values);
    wait();
  }

  /// The numbers of all ranks, one rank's after another's; each gives as many.
  std::vector<double> gather(std::span<const double> own) {
    // Each fills its own places and adds zeros to the others'.
    std::vector<double> all(own.size() * static_cast<std::size_t>(size()), 0.0);
    std::copy(own.begin(), own.end(), all.begin() + rank() * std::ssize(own));
    sum(std::span<double>(all));
    return all;
  }
};

/// Some of a row of things, one after another.
struct Part {
  Index first, count;
};

/// What the calling rank takes of n things: as much as others, or one more. All without an
/// exchange.
inline Part part_of(Index n, const Exchange* exchange) {
  if (exchange == nullptr) return {0, n};
  const Index first = exchange->rank() * n / exchange->size();
  return {first, (exchange->rank() + 1) * n / exchange->size() - first};
}

}  // namespace chainrule
