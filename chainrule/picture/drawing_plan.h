// Where everything stands in a drawing of an explanation.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chainrule/explain/explanation.h"

namespace chainrule::detail {

inline constexpr double kNodeRadius = 21;
inline constexpr double kCharacterWidth = 7.4;  // at 14 px

using Point = std::pair<double, double>;

/// A smooth line in pieces, each as its two control points and its end.
struct Curve {
  Point start;
  std::vector<std::array<Point, 3>> pieces;
  std::vector<Point> samples;
};

struct DrawingPlan {
  double width = 0, height = 0;
  double out_length = 0;  ///< of the arrow that leaves the last node
  std::vector<Point> nodes;
  std::vector<Curve> curves;                    ///< by edge
  std::vector<std::pair<Point, Point>> labels;  ///< by edge: base lines of value and gradient
};

DrawingPlan plan_drawing(const Explanation& e);

double width_of(std::string_view text);
inline bool is_leaf(const ExplainedNode& n) { return n.op.empty(); }
/// A circle, or else a pill.
bool is_round(const ExplainedNode& n);
double half_width(const ExplainedNode& n);
/// A value or gradient of the node, short enough for an arrow.
std::string arrow_label(std::span<const double> values, const ExplainedNode& n);
/// The gradient of a node in which several paths meet; empty for others.
std::string sum_label(const Explanation& e, const ExplainedNode& n);

}  // namespace chainrule::detail
