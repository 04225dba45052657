// Pixels to draw on.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "chainrule/core/shape.h"

namespace chainrule::svg {

using Colour = std::array<std::uint8_t, 3>;
/// "#rgb" or "#rrggbb"; nothing for "none" and all else.
std::optional<Colour> parse_colour(std::string_view text);

/// A white sheet of which each unit is `scale` pixels wide. Edges are smooth.
class Raster {
 public:
  Raster(double width, double height, double scale);

  using Points = std::vector<std::pair<double, double>>;
  void rect(double x, double y, double width, double height, Colour colour);
  /// Lines through points, one for each member, with round ends; where they cross nothing gets
  /// darker. A line of one point, or of length 0, is a disc.
  void lines(const std::vector<Points>& lines, double thickness, Colour colour);

  Index width() const { return width_; }
  Index height() const { return height_; }
  /// Red, green, blue; rows from the top.
  const std::vector<std::uint8_t>& pixels() const { return pixels_; }

 private:
  void blend(Index x, Index y, double cover, Colour colour);

  double scale_;
  Index width_, height_;
  std::vector<std::uint8_t> pixels_;
};

}  // namespace chainrule::svg
