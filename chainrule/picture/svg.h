// Pictures of lines and text, as SVG.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chainrule/core/shape.h"

namespace chainrule::svg {

/// A picture on a white card, so that it reads on light and on dark pages.
class Picture {
 public:
  /// `description` is what a screen reader says.
  Picture(double width, double height, std::string_view title, std::string_view description);

  void line(double x1, double y1, double x2, double y2, std::string_view style);
  void rect(double x, double y, double width, double height, std::string_view style);
  void circle(double x, double y, double radius, std::string_view style);
  /// A line through points, in pairs x, y.
  void path(const std::vector<std::pair<double, double>>& points, std::string_view style);
  /// `anchor`: "start", "middle" or "end". Turned by `turn` degrees around (x, y).
  void text(double x, double y, std::string_view anchor, std::string_view content,
            std::string_view style = "", double turn = 0);

  /// The whole document.
  std::string str() const { return body_ + "</svg>\n"; }

 private:
  std::string body_;
};

/// Text as it may stand in XML: markup escaped, what is not UTF-8 or not allowed replaced.
std::string escape(std::string_view text);

/// Round numbers (1, 2 or 5 times a power of ten apart), about `count`, the first at or below
/// `low`, the last at or above `high`.
std::vector<double> ticks(double low, double high, int count, double least_step = 0);
/// A tick with as many decimals as the distance to its neighbours needs.
std::string tick_text(double value, double step);

/// 3.14159 with two decimals is "3.14", with two significant digits "3.1".
std::string decimals(double value, int count);
std::string significant(double value, int count);

/// At most `characters` of the text; a cut ends in an ellipsis.
std::string shortened(std::string_view text, std::size_t characters);

}  // namespace chainrule::svg
