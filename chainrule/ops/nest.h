// Loops over several axes at once: what operations share that rearrange, stretch or reduce axes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "chainrule/core/shape.h"
#include "chainrule/core/thread_pool.h"
#include "chainrule/ops/sums.h"

namespace chainrule::detail {

/// Axis 0 is the batch, of length 1 without one; the feature axes follow.
inline constexpr int kMostAxes = Shape::kMaxRank + 1;
using PerAxis = std::array<Index, kMostAxes>;

/// Lengths of the axes of s.
PerAxis axis_lengths(const Shape& s, Index rows);
/// Elements from one index of an axis of s to the next.
PerAxis axis_steps(const Shape& s);
/// The same of a node s that is stretched to the shape y, along y's axes: 0 where s repeats itself.
PerAxis axis_steps(const Shape& s, const Shape& y);

/// A loop over up to kMostAxes axes, the last one fastest, that walks through N arrays at once.
/// Neighbouring axes that all arrays see as one axis become one. Allocates nothing.
template <std::size_t N>
class Nest {
 public:
  using Offsets = std::array<Index, N>;

  /// Adds an axis inside those that are there; in array k, steps[k] elements lie between
  /// neighbours.
  void axis(Index length, const Offsets& steps) {
    if (length == 1) return;
    size_ *= length;
    if (rank_ > 0 && continues(steps, length)) {
      length_[rank_ - 1] *= length;
    } else {
      length_[rank_++] = length;
    }
    steps_[rank_ - 1] = steps;
  }

  Index size() const { return size_; }
  bool single() const { return rank_ == 0; }
  /// Steps along the innermost axis.
  Offsets inner() const {
    if (!single()) return steps_[rank_ - 1];
    Offsets ones;
    ones.fill(1);
    return ones;
  }

  /// Elements begin, ..., end - 1 in order, as calls f(offsets, n): n elements along the innermost
  /// axis, of which the first lies at offsets[k] in array k.
  template <class F>
  void runs(Index begin, Index end, F f) const {
    if (begin >= end) return;
    if (single()) return f(Offsets{}, Index{1});
    const std::size_t last = rank_ - 1;
    PerAxis at{};
    Offsets offsets{};
    Index rest = begin;
    for (std::size_t d = rank_; rest > 0 && d-- > 0; rest /= length_[d]) {
      at[d] = rest % length_[d];
      move(offsets, at[d], steps_[d]);
    }
    for (Index left = end - begin;;) {
      const Index n = std::min(length_[last] - at[last], left);
      f(std::as_const(offsets), n);
      if ((left -= n) == 0) return;
      move(offsets, -at[last], steps_[last]);
      at[last] = 0;
      for (std::size_t d = last; d-- > 0;) {
        move(offsets, 1, steps_[d]);
        if (++at[d] < length_[d]) break;
        move(offsets, -length_[d], steps_[d]);
        at[d] = 0;
      }
    }
  }

 private:
  bool continues(const Offsets& steps, Index length) const {
    for (std::size_t k = 0; k < N; ++k)
      if (steps_[rank_ - 1][k] != steps[k] * length) return false;
    return true;
  }
  static void move(Offsets& offsets, Index count, const Offsets& steps) {
    for (std::size_t k = 0; k < N; ++k) offsets[k] += count * steps[k];
  }

  std::size_t rank_ = 0;
  Index size_ = 1;
  PerAxis length_{};
  std::array<Offsets, kMostAxes> steps_{};
};

/// Offsets a + b + i * steps.
template <std::size_t N>
std::array<Index, N> moved(std::array<Index, N> a, const std::array<Index, N>& b, Index i,
                           const std::array<Index, N>& steps) {
  for (std::size_t k = 0; k < N; ++k) a[k] += b[k] + i * steps[k];
  return a;
}

/// The loop over all axes of y, of the given lengths; steps[k] are those of array k.
template <std::size_t N>
Nest<N> nest(const Shape& y, Index rows, const std::array<PerAxis, N>& steps) {
  const PerAxis length = axis_lengths(y, rows);
  Nest<N> loop;
  for (std::size_t d = 0; d <= static_cast<std::size_t>(y.rank()); ++d) {
    typename Nest<N>::Offsets own;
    for (std::size_t k = 0; k < N; ++k) own[k] = steps[k][d];
    loop.axis(length[d], own);
  }
  return loop;
}

/// The same loop in two: over the axes along which array 0 moves, and inside over those along which
/// it stays, so that it collects there what the others hold.
template <std::size_t N>
struct Folding {
  Folding(const Shape& y, Index rows, const std::array<PerAxis, N>& steps) {
    const PerAxis length = axis_lengths(y, rows);
    for (std::size_t d = 0; d <= static_cast<std::size_t>(y.rank()); ++d) {
      typename Nest<N>::Offsets own;
      for (std::size_t k = 0; k < N; ++k) own[k] = steps[k][d];
      (own[0] == 0 ? folded : kept).axis(length[d], own);
    }
  }
  /// The part that has the innermost axis of y, when array 1 is as large as y.
  const Nest<N>& innermost() const {
    const bool inside = !folded.single() && (kept.single() || folded.inner()[1] < kept.inner()[1]);
    return inside ? folded : kept;
  }
  Nest<N> kept, folded;
};

/// to = (assign ? 0 : to) + scale * from along a loop through the two, which must not come twice to
/// an element of `to`.
template <class T>
void spread(ThreadPool& pool, const Nest<2>& loop, T* to, const T* from, bool assign, T scale = 1) {
  const auto [to_step, from_step] = loop.inner();
  const auto along = [&](auto ts, auto fs) {
    pool.split(loop.size(), kCheap, [=, &loop](Index begin, Index end) {
      loop.runs(begin, end, [=](const auto& at, Index n) {
        T* const t = to + at[0];
        const T* const f = from + at[1];
        if (assign)
          for (Index i = 0; i < n; ++i) t[i * ts] = scale * f[i * fs];
        else
          for (Index i = 0; i < n; ++i) t[i * ts] += scale * f[i * fs];
      });
    });
  };
  constexpr std::integral_constant<Index, 0> kStays;
  constexpr std::integral_constant<Index, 1> kNext;
  if (to_step == 1 && from_step == 1)
    along(kNext, kNext);
  else if (to_step == 1 && from_step == 0)
    along(kNext, kStays);
  else
    along(to_step, from_step);
}

/// to = (assign ? 0 : to) + the sum, for each of its elements, of the terms of the folded axes.
/// Array 1 is as large as the loop and contiguous. line(offsets) gives a function that returns the
/// term of the i-th element along the innermost axis of array 1. An element of `to` belongs to one
/// thread, which adds in the order of array 1.
template <class T, std::size_t N, class Line>
void add_up(ThreadPool& pool, const Folding<N>& loop, T* to, bool assign, Line line) {
  const Nest<N>&kept = loop.kept, &folded = loop.folded;
  const auto along = [&](const auto& at, Index n) {  // the innermost axis is kept
    bool set = assign;
    folded.runs(0, folded.size(), [&](const auto& inside, Index count) {
      for (Index r = 0; r < count; ++r) {
        const auto term = line(moved(at, inside, r, folded.inner()));
        T* const t = to + at[0];
        if (set)
          for (Index i = 0; i < n; ++i) t[i] = term(i);
        else
          for (Index i = 0; i < n; ++i) t[i] += term(i);
        set = false;
      }
    });
  };
  const auto across = [&](const auto& at, Index n) {  // the innermost axis is summed
    for (Index i = 0; i < n; ++i) {
      double total = 0;
      folded.runs(0, folded.size(), [&](const auto& inside, Index count) {
        const auto term = line(moved(at, inside, i, kept.inner()));
        total += static_cast<double>(summed<T>(count, term));
      });
      T& t = to[at[0] + i * kept.inner()[0]];
      t = (assign ? T{0} : t) + static_cast<T>(total);
    }
  };
  const bool inner_kept = &loop.innermost() == &kept;
  pool.split(kept.size(), 1 + kCheap / folded.size(), [&](Index begin, Index end) {
    if (inner_kept)
      kept.runs(begin, end, along);
    else
      kept.runs(begin, end, across);
  });
}

}  // namespace chainrule::detail
