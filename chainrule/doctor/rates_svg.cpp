// The curve of the range test.
#include <algorithm>
#include <cmath>

#include "chainrule/core/error.h"
#include "chainrule/doctor/doctor.h"
#include "chainrule/picture/svg.h"

namespace chainrule {

std::string rates_svg(const Diagnosis& d, double rate) {
  constexpr double kWidth = 560, kHeight = 340, kLeft = 64, kRight = 24, kTop = 64, kBottom = 56;
  const double first = d.first_loss;
  // A loss that exploded is drawn at the upper edge.
  const double ceiling = 2 * std::max(first, 1e-12);
  double low = 0, high = ceiling;
  std::vector<std::pair<double, double>> points;
  for (const RateTrial& t : d.rates)
    points.emplace_back(std::log10(t.rate),
                        std::isfinite(t.loss) ? std::min(t.loss, ceiling) : ceiling);
  const std::vector<double> ys = svg::ticks(low, high, 5);
  low = ys.front(), high = ys.back();
  const double from = points.empty() ? -6 : points.front().first,
               to = points.empty() ? 2 : std::max(points.back().first, from + 1);
  const double right = kWidth - kRight, bottom = kHeight - kBottom;
  const auto px = [&](double x) { return kLeft + (right - kLeft) * (x - from) / (to - from); };
  const auto py = [&](double y) { return bottom - (bottom - kTop) * (y - low) / (high - low); };

  svg::Picture picture(kWidth, kHeight, "Loss after a few steps, by learning rate",
                       cat("The first loss is ", first, "; the lowest is reached with a rate of ",
                           d.suggested_rate, "; the run has ", rate, "."));
  constexpr std::string_view kSmall = "fill=\"#555\" font-size=\"12\"";
  picture.text(kLeft, 28, "start", "Loss after a few steps, by learning rate",
               "font-size=\"16\" fill=\"#222\"");
  for (const double y : ys) {
    picture.line(kLeft, py(y), right, py(y), "stroke=\"#e6e6e6\"");
    picture.text(kLeft - 8, py(y) + 4.5, "end", svg::tick_text(y, ys[1] - ys[0]), kSmall);
  }
  for (double x = std::ceil(from); x <= to; ++x) {
    picture.line(px(x), bottom, px(x), bottom + 4, "stroke=\"#555\"");
    picture.text(px(x), bottom + 18, "middle", cat(std::pow(10.0, x)), kSmall);
  }
  picture.text((kLeft + right) / 2, bottom + 40, "middle", "learning rate", kSmall);
  picture.line(kLeft, py(first), right, py(first), "stroke=\"#777\" stroke-dasharray=\"4 4\"");
  picture.text(kLeft + 6, py(first) + 15, "start", "before the first step", kSmall);
  const auto mark = [&](double value, std::string_view label, std::string_view colour, double y) {
    if (!(value > 0)) return;
    const double x = px(std::log10(value));
    picture.line(x, kTop, x, bottom, cat("stroke=\"", colour, "\" stroke-dasharray=\"2 3\""));
    picture.text(x, y, x > (kLeft + right) / 2 ? "end" : "start", cat(label, " ", value),
                 cat("fill=\"", colour, "\" font-size=\"12\""));
  };
  mark(rate, "this run:", "#c44e00", kTop - 4);
  mark(d.suggested_rate, "lowest:", "#222222", kTop - 18);
  std::vector<std::pair<double, double>> pixels;
  for (const auto& [x, y] : points) pixels.emplace_back(px(x), py(y));
  picture.path(pixels, "stroke=\"#0072b2\" stroke-width=\"2\" stroke-linejoin=\"round\"");
  for (const auto& [x, y] : pixels) picture.circle(x, y, 2.6, "fill=\"#0072b2\"");
  picture.line(kLeft, kTop, kLeft, bottom, "stroke=\"#555\"");
  picture.line(kLeft, bottom, right, bottom, "stroke=\"#555\"");
  return picture.str();
}

}  // namespace chainrule
