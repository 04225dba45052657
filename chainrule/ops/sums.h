// Sums whose bits depend on the number of terms alone, not on who adds them up.
#pragma once

#include <algorithm>
#include <span>

#include "chainrule/core/shape.h"
#include "chainrule/core/thread_pool.h"

namespace chainrule::detail {

/// Elements of work below which a loop is not worth a second thread: additions and comparisons,
/// and loops with an exponential or its like for each element.
inline constexpr Index kCheap = 1 << 14, kCostly = 1 << 11;

/// term(0) + ... + term(n - 1). Eight running sums let the compiler use vectors; blocks are added
/// in double, so that float does not lose the small terms of a long sum.
template <class T, class Term>
T summed(Index n, Term term) {
  constexpr Index kLanes = 8, kBlock = 1024;
  double total = 0;
  for (Index begin = 0; begin < n; begin += kBlock) {
    const Index end = std::min(n, begin + kBlock);
    T lanes[kLanes] = {};
    Index i = begin;
    for (; i + kLanes <= end; i += kLanes)
      for (Index lane = 0; lane < kLanes; ++lane) lanes[lane] += term(i + lane);
    T sum = 0;
    for (const T lane : lanes) sum += lane;
    for (; i < end; ++i) sum += term(i);
    total += static_cast<double>(sum);
  }
  return static_cast<T>(total);
}

inline constexpr Index kSumChunk = 1 << 13;
/// Elements of workspace that the parallel summed() needs for n terms.
inline Index sum_workspace(Index n) { return (n + kSumChunk - 1) / kSumChunk; }

/// The same on all threads, in chunks of fixed size.
template <class T, class Term>
T summed(ThreadPool& pool, Index n, std::span<T> workspace, Term term) {
  const Index chunks = sum_workspace(n);
  T* const partial = workspace.data();
  pool.split(chunks, 1, [&](Index first, Index last) {
    for (Index chunk = first; chunk < last; ++chunk) {
      const Index begin = chunk * kSumChunk;
      partial[chunk] =
          summed<T>(std::min(kSumChunk, n - begin), [&](Index i) { return term(begin + i); });
    }
  });
  return summed<T>(chunks, [&](Index i) { return partial[i]; });
}

/// out[j] = (assign ? 0 : out[j]) + the sum over r of term(r, j). A column belongs to one thread,
/// which adds its rows in order.
template <class T, class Term>
void column_sums(ThreadPool& pool, Index rows, Index cols, T* out, bool assign, Term term) {
  const Index grain = rows * cols <= kCheap ? cols : std::max<Index>(16, kCheap / rows);
  pool.split(cols, grain, [=](Index begin, Index end) {
    for (Index j = begin; j < end; ++j) out[j] = (assign ? T{0} : out[j]) + term(0, j);
    for (Index r = 1; r < rows; ++r)
      for (Index j = begin; j < end; ++j) out[j] += term(r, j);
  });
}

}  // namespace chainrule::detail
