// How people write the ten digits, as strokes of a pen.
#pragma once

#include <vector>

namespace chainrule::data {

struct Point {
  double x, y;
};
inline Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
inline Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
inline Point operator*(double f, Point a) { return {f * a.x, f * a.y}; }

/// Points that the pen passes on a smooth curve; a point given twice is a corner.
using Stroke = std::vector<Point>;
using Glyph = std::vector<Stroke>;

/// The ways to write a digit, 0 to 9. x from 0 to 1 goes right, y from 0 to 1 down.
const std::vector<Glyph>& ways_to_write(int digit);

}  // namespace chainrule::data
