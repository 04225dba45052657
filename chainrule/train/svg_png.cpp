// A picture as pixels.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

#include "chainrule/data/png.h"
#include "chainrule/train/raster.h"
#include "chainrule/train/stroke_font.h"
#include "chainrule/train/svg.h"

namespace chainrule::svg {
namespace {

/// The value of name="value" in a style; empty when there is none.
std::string_view attribute(std::string_view style, std::string_view name) {
  const std::string key = std::string(name) + "=\"";
  for (std::size_t at = style.find(key); at != style.npos; at = style.find(key, at + 1)) {
    if (at > 0 && style[at - 1] != ' ') continue;
    style.remove_prefix(at + key.size());
    return style.substr(0, style.find('"'));
  }
  return {};
}

double number(std::string_view text, double otherwise) {
  double value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

using Points = Raster::Points;

/// Only what the dashes "4 2" leave of a line.
std::vector<Points> dashed(const Points& line, std::string_view dashes) {
  if (dashes.empty()) return {line};
  const double on = std::max(number(dashes, 1), 0.5);
  const double off = number(dashes.substr(std::min(dashes.find(' ') + 1, dashes.size())), on);
  std::vector<Points> parts;
  double done = 0;  // of the pattern
  for (std::size_t k = 0; k + 1 < line.size(); ++k) {
    const auto &a = line[k], &b = line[k + 1];
    const double length = std::hypot(b.first - a.first, b.second - a.second);
    for (double at = 0; at < length;) {
      const bool drawn = done < on;
      const double step = std::min((drawn ? on : on + off) - done, length - at);
      const auto point = [&](double t) {
        return std::pair(a.first + (b.first - a.first) * t / length,
                         a.second + (b.second - a.second) * t / length);
      };
      if (drawn) parts.push_back({point(at), point(at + step)});
      at += step, done += step;
      if (done >= on + off - 1e-9) done = 0;
      if (!(step > 1e-9)) break;
    }
  }
  return parts;
}

}  // namespace

std::vector<std::uint8_t> Picture::png(double scale) const {
  Raster raster(width_, height_, scale);
  for (const Mark& m : marks_) {
    const auto fill = parse_colour(attribute(m.style, "fill"));
    const auto stroke = parse_colour(attribute(m.style, "stroke"));
    const double thickness = number(attribute(m.style, "stroke-width"), 1);
    const auto [x, y] = m.points.empty() ? std::pair(0.0, 0.0) : m.points[0];
    switch (m.kind) {
      case Mark::line:
        if (stroke)
          raster.lines(dashed(m.points, attribute(m.style, "stroke-dasharray")), thickness,
                       *stroke);
        break;
      case Mark::rect: {
        const auto [right, bottom] = m.points[1];
        if (fill) raster.rect(x, y, right - x, bottom - y, *fill);
        if (stroke)
          raster.lines({{{x, y}, {right, y}, {right, bottom}, {x, bottom}, {x, y}}}, thickness,
                       *stroke);
        break;
      }
      case Mark::circle:
        if (stroke) raster.lines({{{x, y}}}, 2 * m.size + thickness, *stroke);
        if (fill) raster.lines({{{x, y}}}, 2 * m.size - (stroke ? thickness : 0), *fill);
        break;
      case Mark::text: {
        const double size = number(attribute(m.style, "font-size"), 13);
        const double wide = stroke_width_of(m.content, size);
        const double left = m.anchor == "end" ? -wide : m.anchor == "middle" ? -wide / 2 : 0;
        const double turn = m.size * std::numbers::pi / 180;
        std::vector<Points> strokes = strokes_of(m.content, size);
        for (Points& s : strokes)
          for (auto& [px, py] : s) {
            const double dx = px + left, dy = py;
            px = x + dx * std::cos(turn) - dy * std::sin(turn);
            py = y + dx * std::sin(turn) + dy * std::cos(turn);
          }
        const bool bold = attribute(m.style, "font-weight") == "bold";
        raster.lines(strokes, size * (bold ? 0.125 : 0.085), fill.value_or(Colour{34, 34, 34}));
        break;
      }
    }
  }
  return data::encode_png(raster.height(), raster.width(), raster.pixels());
}

}  // namespace chainrule::svg
