// One column of an operation's Jacobian: what depends on one element of one input.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "chainrule/explain/local_run.h"

namespace chainrule::detail {

/// Outputs of one row that an element may influence one by one; beyond, they are added up.
inline constexpr std::size_t kMostUnits = 4096;

/// Which outputs depend on one element of one input, and how: the rows of a Jacobian's column
/// that are not zero.
template <class T>
class LocalColumn {
 public:
  LocalColumn(LocalRun<T>& run, int input, Index offset)
      : run_(run), input_(input), offset_(offset), upstream_(run.output().size(), T{0}) {}

  /// Outputs among [begin, end), found by halving: a range whose upstream gradient changes nothing
  /// has none.
  std::vector<Index> find(Index begin, Index end) {
    std::vector<Index> found;
    halve(begin, end, found);
    return found;
  }
  std::vector<Index> find() { return find(0, static_cast<Index>(upstream_.size())); }

  /// d output / d element.
  T derivative(Index output) {
    upstream_[static_cast<std::size_t>(output)] = 1;
    const T d = gradient();
    upstream_[static_cast<std::size_t>(output)] = 0;
    return d;
  }

 private:
  void halve(Index begin, Index end, std::vector<Index>& found) {
    // Upstream gradients of irregular size, so that no terms cancel.
    for (Index i = begin; i < end; ++i)
      upstream_[static_cast<std::size_t>(i)] =
          static_cast<T>(1 + 0.37 * std::sin(static_cast<double>(i) * 12.9898));
    const bool any = gradient() != 0;
    std::fill(upstream_.begin() + begin, upstream_.begin() + end, T{0});
    if (!any || found.size() > kMostUnits) return;
    if (end - begin == 1) return found.push_back(begin);
    halve(begin, (begin + end) / 2, found);
    halve((begin + end) / 2, end, found);
  }
  T gradient() { return run_.backward(input_, upstream_)[static_cast<std::size_t>(offset_)]; }

  LocalRun<T>& run_;
  int input_;
  Index offset_;
  std::vector<T> upstream_;
};

/// Replaces the inputs by irregular positive numbers, all different, to see how an operation
/// works and not what the data happen to be.
template <class T>
void scramble(LocalRun<T>& run, double start) {
  double x = start;
  for (int i = 0; i < run.inputs(); ++i)
    for (T& value : run.input(i)) {
      x += 0.6180339887498949;  // the golden ratio spreads evenly
      x -= std::floor(x);
      value = static_cast<T>(0.5 + x);
    }
  run.forward();
}

}  // namespace chainrule::detail
