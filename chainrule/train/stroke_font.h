// Letters as lines of one width, for pictures that are pixels.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace chainrule::svg {

using Stroke = std::vector<std::pair<double, double>>;

/// Width of a line of text whose letters are `size` pixels high, as font-size counts.
double stroke_width_of(std::string_view text, double size);

/// The text (UTF-8) as strokes; it begins at (0, 0) on the base line, y goes down. A character that
/// the font does not have becomes a small box.
std::vector<Stroke> strokes_of(std::string_view text, double size);

}  // namespace chainrule::svg
