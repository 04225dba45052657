#include "chainrule/picture/flow_picture.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "chainrule/core/error.h"

namespace chainrule {
namespace {

using FlowPoints = std::vector<std::pair<double, double>>;

constexpr double kPanel = 230, kPanelHeight = 230, kPanelGap = 118, kPanelTop = 84;
constexpr std::string_view kQuiet = "fill=\"#555\" font-size=\"12\"";

/// From dark blue to yellow-green, even to the eye also in grey.
std::string flow_colour(double part) {
  constexpr int kStops[5][3] = {
      {68, 40, 120}, {49, 90, 145}, {31, 138, 140}, {70, 178, 98}, {176, 184, 20}};
  const double at = std::clamp(part, 0.0, 1.0) * 4;
  const auto i = std::min(static_cast<std::size_t>(at), std::size_t{3});
  std::string text = "#";
  for (std::size_t k = 0; k < 3; ++k) {
    const double x =
        kStops[i][k] + (at - static_cast<double>(i)) * (kStops[i + 1][k] - kStops[i][k]);
    const auto byte = static_cast<unsigned>(std::lround(x));
    text += "0123456789abcdef"[byte / 16];
    text += "0123456789abcdef"[byte % 16];
  }
  return text;
}

struct FlowLine {
  std::string name, colour;
  FlowPoints points;  ///< of x, and of y that is above 0
};

struct FlowPanel {
  std::string title, axis;
  bool logarithmic;
  std::vector<FlowLine> lines;
  std::vector<std::string> places;  ///< names of x = 0, 1, ...; none: numbers
};

/// Where labels can stand without touching: near to what they name, `gap` apart.
std::vector<double> spread(const std::vector<double>& wanted, double gap, double low, double high) {
  std::vector<std::size_t> order(wanted.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&](std::size_t i) { return wanted[i]; });
  std::vector<double> at(wanted.size());
  for (std::size_t k = 0; k < order.size(); ++k)
    at[order[k]] = k == 0 ? std::max(low, wanted[order[0]])
                          : std::max(wanted[order[k]], at[order[k - 1]] + gap);
  double limit = high;
  for (std::size_t k = order.size(); k-- > 0; limit -= gap)
    at[order[k]] = std::min(at[order[k]], limit);
  return at;
}

void draw_panel(svg::Picture& picture, const FlowPanel& panel, double left) {
  const double right = left + kPanel, top = kPanelTop, bottom = top + kPanelHeight;
  double from = 1e300, to = -1e300, low = 1e300, high = -1e300;
  for (const FlowLine& line : panel.lines)
    for (const auto& [x, y] : line.points) {
      if (!std::isfinite(y)) continue;
      from = std::min(from, x), to = std::max(to, x);
      if (panel.logarithmic && !(y > 0)) continue;
      const double value = panel.logarithmic ? std::log10(y) : y;
      low = std::min(low, value), high = std::max(high, value);
    }
  if (!(low <= high)) low = 0, high = 1;
  if (!(from < to)) from -= 0.5, to = from + 1;
  std::vector<double> ys;
  if (panel.logarithmic) {
    low = std::floor(low + 0.02), high = std::max(std::ceil(high - 0.02), low + 1);
    const double step = std::max(1.0, std::ceil((high - low) / 6));
    for (double y = high; y > low - step + 0.5; y -= step) ys.insert(ys.begin(), y);
    low = std::min(low, ys.front());
  } else {
    ys = svg::ticks(std::min(low, 0.0), high, 4);
    low = ys.front(), high = ys.back();
  }
  const auto px = [&](double x) { return left + 6 + (kPanel - 12) * (x - from) / (to - from); };
  const auto py = [&](double y) {
    const double value = panel.logarithmic ? (y > 0 ? std::log10(y) : low) : y;
    return bottom - kPanelHeight * (std::max(value, low) - low) / (high - low);
  };
  picture.text(left, top - 14, "start", panel.title, "font-size=\"13\" fill=\"#222\"");
  for (const double y : ys) {
    const double at = bottom - kPanelHeight * (y - low) / (high - low);
    picture.line(left, at, right, at, "stroke=\"#e6e6e6\"");
    picture.text(left - 7, at + 4, "end",
                 panel.logarithmic ? cat(std::pow(10.0, y)) : svg::tick_text(y, ys[1] - ys[0]),
                 kQuiet);
  }
  picture.line(left, bottom, right, bottom, "stroke=\"#555\"");
  if (panel.places.empty()) {
    const std::vector<double> xs = svg::ticks(from, to, 4);
    for (const double x : xs)
      if (x >= from - 1e-9 && x <= to + 1e-9)
        picture.text(px(x), bottom + 18, "middle", svg::tick_text(x, xs[1] - xs[0]), kQuiet);
  } else {
    const std::size_t every = (panel.places.size() + 5) / 6;
    for (std::size_t i = 0; i < panel.places.size(); i += every)
      picture.text(px(static_cast<double>(i)), bottom + 18, "middle",
                   svg::shortened(panel.places[i], 9), kQuiet);
  }
  picture.text((left + right) / 2, bottom + 40, "middle", panel.axis, kQuiet);

  std::vector<double> ends;
  for (const FlowLine& line : panel.lines) {
    FlowPoints pixels;
    for (const auto& [x, y] : line.points)
      if (std::isfinite(y)) pixels.emplace_back(px(x), py(y));
    picture.path(pixels, cat("stroke=\"", line.colour,
                             "\" stroke-width=\"2\" "
                             "stroke-linejoin=\"round\""));
    if (pixels.size() <= 12)
      for (const auto& [x, y] : pixels) picture.circle(x, y, 3, cat("fill=\"", line.colour, "\""));
    ends.push_back(pixels.empty() ? bottom : pixels.back().second);
  }
  // More names than fit: the first, the last, and some between.
  const std::size_t every = panel.lines.size() <= 14 ? 1 : (panel.lines.size() + 13) / 14;
  std::vector<std::size_t> named;
  std::vector<double> wanted;
  for (std::size_t i = 0; i < panel.lines.size(); i += every)
    named.push_back(i), wanted.push_back(ends[i]);
  const std::vector<double> places = spread(wanted, 14, top + 4, bottom + 2);
  for (std::size_t k = 0; k < named.size(); ++k)
    picture.text(right + 6, places[k] + 4, "start", svg::shortened(panel.lines[named[k]].name, 11),
                 cat("fill=\"", panel.lines[named[k]].colour, "\" font-size=\"12\""));
}

}  // namespace

svg::Picture flow_picture(const GradientFlow& flow, std::string_view title) {
  using Layer = GradientFlow::Layer;
  const std::size_t layers = flow.layers.size(), moments = flow.moments.size();
  const auto first_word = [](const std::string& name) { return name.substr(0, name.find(' ')); };
  const auto last_word = [](const std::string& name) { return name.substr(name.rfind(' ') + 1); };
  const auto part = [](std::size_t i, std::size_t count) {
    return count > 1 ? static_cast<double>(i) / static_cast<double>(count - 1) : 0.0;
  };

  FlowPanel by_layer{"mean |d loss / d weight|", "layer, from the input to the loss", true, {}, {}};
  for (const std::string& name : flow.layers) by_layer.places.push_back(first_word(name));
  std::vector<std::size_t> shown;
  if (moments > 0) shown = {0, moments / 2, moments - 1};
  shown.erase(std::unique(shown.begin(), shown.end()), shown.end());
  for (std::size_t k = 0; k < shown.size(); ++k) {
    const GradientFlow::Moment& m = flow.moments[shown[k]];
    FlowLine line{cat("step ", m.step),
                  k + 1 == shown.size() ? "#222222"
                  : k == 0              ? "#d0662a"
                                        : "#8a8a8a",
                  {}};
    for (std::size_t i = 0; i < layers; ++i)
      line.points.emplace_back(static_cast<double>(i), m.layers[i].weight_gradient);
    by_layer.lines.push_back(std::move(line));
  }
  const auto over_steps = [&](std::string panel_title, bool logarithmic, double Layer::*number,
                              const std::function<std::string(const std::string&)>& name) {
    FlowPanel panel{std::move(panel_title), "step", logarithmic, {}, {}};
    for (std::size_t i = 0; i < layers; ++i) {
      FlowLine line{name(flow.layers[i]), flow_colour(part(i, layers)), {}};
      for (const GradientFlow::Moment& m : flow.moments)
        line.points.emplace_back(static_cast<double>(m.step), m.layers[i].*number);
      panel.lines.push_back(std::move(line));
    }
    return panel;
  };
  const double width = 60 + 3 * (kPanel + kPanelGap), height = kPanelTop + kPanelHeight + 58;
  std::string text =
      cat("Mean size of the gradient of each layer's weights, from the first layer: ");
  for (const std::size_t k : shown) {
    text += cat("at step ", flow.moments[k].step, ":");
    for (const Layer& layer : flow.moments[k].layers)
      text += cat(" ", svg::significant(layer.weight_gradient, 3));
    text += ". ";
  }
  svg::Picture picture(width, height, title, text);
  picture.text(22, 32, "start", title, "font-size=\"16\" fill=\"#222\"");
  draw_panel(picture, by_layer, 62);
  draw_panel(picture,
             over_steps("the same over the steps", true, &Layer::weight_gradient, first_word),
             62 + kPanel + kPanelGap);
  draw_panel(picture,
             over_steps("outputs: standard deviation", false, &Layer::output_deviation, last_word),
             62 + 2 * (kPanel + kPanelGap));
  return picture;
}

}  // namespace chainrule
