#pragma once

#include <vector>

#include "chainrule/graph/graph.h"

namespace chainrule {

/// Elements begin, begin + step, ... before end of one feature axis, counted from 0. A negative
/// step walks backwards, down to end + 1: {.begin = 4, .end = -1, .step = -1} turns five elements
/// round. These are the numbers of Python's slice(...).indices(length).
struct AxisRange {
  Index axis = -1;
  Index begin = 0;
  Index end = 0;
  Index step = 1;
};

/// The part of x along the named axes; others stay whole. Throws ShapeError unless 0 <= begin < end
/// <= length of the axis, for negative steps -1 <= end < begin < length.
Var slice(Var x, std::vector<AxisRange> parts, Location at = Location::current());

/// Elements begin, ..., end - 1 of the last axis: [B, 5] -> [B, end - begin].
Var slice(Var x, Index begin, Index end, Location at = Location::current());

/// Element i of one axis, which is gone: [B, T, C] -> [B, C] for axis 0.
Var select(Var x, Index axis, Index i, Location at = Location::current());

/// x cut along one axis into parts of the given lengths. Throws ShapeError unless they add up to
/// the length of the axis.
std::vector<Var> split(Var x, const std::vector<Index>& lengths, Index axis = -1,
                       Location at = Location::current());

}  // namespace chainrule
