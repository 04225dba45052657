#include "chainrule/ops/nest.h"

namespace chainrule::detail {
namespace {
std::size_t place(int feature_axis) { return static_cast<std::size_t>(feature_axis) + 1; }
}  // namespace

PerAxis axis_lengths(const Shape& s, Index rows) {
  PerAxis length{};
  length[0] = s.batched() ? rows : 1;
  for (int i = 0; i < s.rank(); ++i) length[place(i)] = s[i];
  return length;
}

PerAxis axis_steps(const Shape& s) { return axis_steps(s, s); }

PerAxis axis_steps(const Shape& s, const Shape& y) {
  PerAxis steps{};
  Index step = 1;
  for (int i = s.rank(); i-- > 0; step *= s[i])
    if (s[i] > 1) steps[place(i + y.rank() - s.rank())] = step;
  if (s.batched()) steps[0] = step;
  return steps;
}

}  // namespace chainrule::detail
