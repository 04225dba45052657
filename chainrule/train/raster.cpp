#include "chainrule/train/raster.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace chainrule::svg {

std::optional<Colour> parse_colour(std::string_view text) {
  if (!text.starts_with('#') || (text.size() != 4 && text.size() != 7)) return std::nullopt;
  const std::size_t digits = text.size() == 4 ? 1 : 2;
  Colour colour{};
  for (std::size_t i = 0; i < 3; ++i) {
    const char* const begin = text.data() + 1 + i * digits;
    unsigned value = 0;
    const auto [end, error] = std::from_chars(begin, begin + digits, value, 16);
    if (error != std::errc{} || end != begin + digits) return std::nullopt;
    colour[i] = static_cast<std::uint8_t>(digits == 1 ? value * 17 : value);
  }
  return colour;
}

Raster::Raster(double width, double height, double scale)
    : scale_(scale),
      width_(std::max<Index>(1, std::lround(width * scale))),
      height_(std::max<Index>(1, std::lround(height * scale))),
      pixels_(static_cast<std::size_t>(3 * width_ * height_), 255) {}

void Raster::blend(Index x, Index y, double cover, Colour colour) {
  std::uint8_t* const pixel = &pixels_[static_cast<std::size_t>(3 * (y * width_ + x))];
  for (std::size_t i = 0; i < 3; ++i)
    pixel[i] = static_cast<std::uint8_t>(std::lround(pixel[i] + cover * (colour[i] - pixel[i])));
}

void Raster::rect(double x, double y, double width, double height, Colour colour) {
  // Neighbours that share an edge meet without a seam.
  const auto edge = [&](double v, Index most) {
    return std::clamp<Index>(std::lround(v * scale_), 0, most);
  };
  const Index right = edge(x + width, width_), bottom = edge(y + height, height_);
  for (Index j = edge(y, height_); j < bottom; ++j)
    for (Index i = edge(x, width_); i < right; ++i) blend(i, j, 1, colour);
}

void Raster::lines(const std::vector<Points>& lines, double thickness, Colour colour) {
  const double radius = std::max(thickness * scale_, 1.0) / 2;
  double x0 = 1e300, y0 = 1e300, x1 = -1e300, y1 = -1e300;
  for (const Points& line : lines)
    for (const auto& [x, y] : line) {
      x0 = std::min(x0, x * scale_), x1 = std::max(x1, x * scale_);
      y0 = std::min(y0, y * scale_), y1 = std::max(y1, y * scale_);
    }
  const auto bound = [&](double v, Index most) {
    return static_cast<Index>(std::clamp(v, 0.0, static_cast<double>(most)));
  };
  const Index left = bound(x0 - radius - 1, width_), right = bound(x1 + radius + 2, width_);
  const Index top = bound(y0 - radius - 1, height_), bottom = bound(y1 + radius + 2, height_);
  if (!(left < right && top < bottom)) return;
  // How much of each pixel is covered: by the nearest line, so that crossings are not darker.
  std::vector<float> cover(static_cast<std::size_t>((right - left) * (bottom - top)), 0.0F);
  const auto segment = [&](double ax, double ay, double bx, double by) {
    const double dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
    const Index from_y = std::max(top, bound(std::min(ay, by) - radius - 1, height_));
    const Index to_y = std::min(bottom, bound(std::max(ay, by) + radius + 2, height_));
    const Index from_x = std::max(left, bound(std::min(ax, bx) - radius - 1, width_));
    const Index to_x = std::min(right, bound(std::max(ax, bx) + radius + 2, width_));
    for (Index j = from_y; j < to_y; ++j)
      for (Index i = from_x; i < to_x; ++i) {
        const double px = static_cast<double>(i) + 0.5 - ax, py = static_cast<double>(j) + 0.5 - ay;
        const double t = length > 0 ? std::clamp((px * dx + py * dy) / length, 0.0, 1.0) : 0;
        const double distance = std::hypot(px - t * dx, py - t * dy);
        float& c = cover[static_cast<std::size_t>((j - top) * (right - left) + i - left)];
        c = std::max(c, static_cast<float>(std::clamp(radius + 0.5 - distance, 0.0, 1.0)));
      }
  };
  for (const Points& line : lines)
    for (std::size_t k = 0; k < line.size() && (k == 0 || k + 1 < line.size()); ++k) {
      const auto &a = line[k], &b = line[std::min(k + 1, line.size() - 1)];
      segment(a.first * scale_, a.second * scale_, b.first * scale_, b.second * scale_);
    }
  for (Index j = top; j < bottom; ++j)
    for (Index i = left; i < right; ++i)
      if (const float c = cover[static_cast<std::size_t>((j - top) * (right - left) + i - left)];
          c > 0)
        blend(i, j, static_cast<double>(c), colour);
}

}  // namespace chainrule::svg
