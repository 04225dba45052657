#include "chainrule/picture/svg.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "chainrule/core/plain_text.h"

namespace chainrule::svg {
namespace {

std::string written(double value, std::chars_format format, int precision) {
  std::array<char, 400> text;  // the greatest double has 309 digits
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, format, precision);
  return {text.data(), end.ptr};
}

/// Bytes of the UTF-8 character that begins here; 0 when it is none that XML allows.
std::size_t character(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(s[i]); };
  if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7f;
  const std::size_t length = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : byte(0) >= 0xc2 ? 2 : 0;
  if (length == 0 || s.size() < length) return 0;
  std::uint32_t code = byte(0) & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3fu);
  }
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool allowed = code >= kLeast[length] && code <= 0x10ffff &&
                       !(code >= 0xd800 && code <= 0xdfff) && code != 0xfffe && code != 0xffff;
  return allowed ? length : 0;
}

}  // namespace

std::string decimals(double value, int count) {
  return written(value, std::chars_format::fixed, count);
}

std::string significant(double value, int count) {
  return written(value, std::chars_format::general, count);
}

namespace {

/// A coordinate: tenths of a pixel are enough.
std::string tenths(double value) { return decimals(value, 1); }

}  // namespace

std::string escape(std::string_view text) {
  std::string s;
  while (!text.empty()) {
    const std::size_t length = character(text);
    if (length == 0 || !is_plain(text.substr(0, length)))
      s += '?';
    else if (text[0] == '&')
      s += "&amp;";
    else if (text[0] == '<')
      s += "&lt;";
    else if (text[0] == '>')
      s += "&gt;";
    else if (text[0] == '"')
      s += "&quot;";
    else
      s += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return s;
}

std::string shortened(std::string_view text, std::size_t characters) {
  std::size_t end = 0, last = 0;
  for (std::size_t n = 0; end < text.size(); ++n) {
    if (n == characters) return std::string(text.substr(0, last)) + "…";
    last = n + 1 < characters ? end + std::max<std::size_t>(character(text.substr(end)), 1) : last;
    end += std::max<std::size_t>(character(text.substr(end)), 1);
  }
  return std::string(text);
}

Picture::Picture(double width, double height, std::string_view title,
                 std::string_view description) {
  const std::string w = tenths(width), h = tenths(height);
  body_ =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + w + "\" height=\"" + h +
      "\" viewBox=\"0 0 " + w + " " + h +
      "\" role=\"img\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\">\n<title>" +
      escape(title) + "</title>\n<desc>" + escape(description) + "</desc>\n";
  rect(0.5, 0.5, width - 1, height - 1, "fill=\"#fff\" stroke=\"#ddd\" rx=\"6\"");
}

void Picture::line(double x1, double y1, double x2, double y2, std::string_view style) {
  body_ += "<line x1=\"" + tenths(x1) + "\" y1=\"" + tenths(y1) + "\" x2=\"" + tenths(x2) +
           "\" y2=\"" + tenths(y2) + "\" " + std::string(style) + "/>\n";
}

void Picture::rect(double x, double y, double width, double height, std::string_view style) {
  body_ += "<rect x=\"" + tenths(x) + "\" y=\"" + tenths(y) + "\" width=\"" + tenths(width) +
           "\" height=\"" + tenths(height) + "\" " + std::string(style) + "/>\n";
}

void Picture::circle(double x, double y, double radius, std::string_view style) {
  body_ += "<circle cx=\"" + tenths(x) + "\" cy=\"" + tenths(y) + "\" r=\"" + tenths(radius) +
           "\" " + std::string(style) + "/>\n";
}

void Picture::path(const std::vector<std::pair<double, double>>& points, std::string_view style) {
  body_ += "<polyline fill=\"none\" " + std::string(style) + " points=\"";
  for (const auto& [x, y] : points) body_ += tenths(x) + "," + tenths(y) + " ";
  body_ += "\"/>\n";
}

void Picture::text(double x, double y, std::string_view anchor, std::string_view content,
                   std::string_view style, double turn) {
  body_ += "<text x=\"" + tenths(x) + "\" y=\"" + tenths(y) + "\" text-anchor=\"" +
           std::string(anchor) + "\" " + std::string(style);
  if (turn != 0)
    body_ += " transform=\"rotate(" + tenths(turn) + " " + tenths(x) + " " + tenths(y) + ")\"";
  body_ += ">" + escape(content) + "</text>\n";
}

std::vector<double> ticks(double low, double high, int count, double least_step) {
  if (!(high > low)) high = low + (low != 0 ? std::abs(low) : 1);
  const double rough = std::max((high - low) / count, least_step);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double nice : {5.0, 2.0, 1.0})
    if (nice * power >= rough * (1 - 1e-9)) step = nice * power;
  std::vector<double> values;
  const double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  for (double i = first; i <= last; ++i) values.push_back(i * step);
  return values;
}

std::string tick_text(double value, double step) {
  const double magnitude = std::max(std::abs(value), step);
  if (magnitude >= 1e6 || step < 1e-4) return significant(value == 0 ? 0 : value, 4);
  return decimals(value, std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9))));
}

}  // namespace chainrule::svg
