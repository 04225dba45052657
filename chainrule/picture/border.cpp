#include "chainrule/picture/border.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/explain/model_run.h"
#include "chainrule/picture/svg.h"
#include "chainrule/train/evaluate.h"

namespace chainrule {
namespace {

// Blue, orange, green, purple, yellow: they stay apart for every kind of colour blindness.
struct BorderColour {
  std::string_view dot;
  std::array<std::string_view, 3> area;  ///< unsure, fairly sure, sure
};
constexpr std::array<BorderColour, 5> kBorderColours{
    {{"#0072b2", {"#edf4f9", "#d3e5f1", "#b4d3e8"}},
     {"#c44e00", {"#fbf1eb", "#f6dccb", "#efc3a6"}},
     {"#00805c", {"#ebf5f2", "#cce6de", "#a6d3c5"}},
     {"#8a4b8f", {"#f5eef5", "#e5d3e6", "#d2b4d4"}},
     {"#8a7500", {"#f6f4e8", "#e8e2bd", "#d6cb8a"}}}};
constexpr double kBorderSide = 360, kBorderLeft = 56, kBorderTop = 60, kBorderRight = 110,
                 kBorderBottom = 54;
constexpr Index kBorderRows = 120, kBorderColumns = 240, kBorderMostDots = 600;

/// How sure a row of probabilities or scores is of its class: 0, 1 or 2.
std::size_t sureness(std::span<const float> values, std::int32_t chosen, OutputKind kind) {
  double p = 1;
  if (values.size() == 1) {
    if (kind != OutputKind::binary_logit && kind != OutputKind::binary_probability) return 1;
    p = static_cast<double>(chosen == 1 ? values[0] : 1 - values[0]);
  } else if (kind == OutputKind::logits || kind == OutputKind::probabilities) {
    p = static_cast<double>(values[static_cast<std::size_t>(chosen)]);
  } else {
    return 1;
  }
  return p > 0.9 ? 2 : p > 0.65 ? 1 : 0;
}

}  // namespace

svg::Picture border_picture(const Model& model, const Dataset& data, std::string_view title) {
  if (model.features().size() != 2 || !data.has_classes())
    throw Error(cat("a border can be drawn for 2 inputs and classes; the model has ",
                    model.features().size(), " inputs and the data ", data.class_count(),
                    " classes"));
  const std::vector<std::int32_t> rows = spread_rows(data.rows(), kBorderMostDots);
  std::vector<float> points(rows.size() * 2);
  data.gather(rows, std::span<float>(points));
  double low[2] = {HUGE_VAL, HUGE_VAL}, high[2] = {-HUGE_VAL, -HUGE_VAL};
  for (std::size_t i = 0; i < points.size(); ++i) {
    low[i % 2] = std::min(low[i % 2], static_cast<double>(points[i]));
    high[i % 2] = std::max(high[i % 2], static_cast<double>(points[i]));
  }
  // One scale for both axes, so that angles are true.
  const double reach = std::max({high[0] - low[0], high[1] - low[1], 1e-6}) * 0.65;
  double from[2], to[2];
  for (int i = 0; i < 2; ++i) {
    const double middle = rows.empty() ? 0 : (low[i] + high[i]) / 2;
    from[i] = middle - reach, to[i] = middle + reach;
  }
  const auto px = [&](double x) {
    return kBorderLeft + kBorderSide * (x - from[0]) / (to[0] - from[0]);
  };
  const auto py = [&](double y) {
    return kBorderTop + kBorderSide * (to[1] - y) / (to[1] - from[1]);
  };

  std::vector<float> grid;
  for (Index r = 0; r < kBorderRows; ++r)
    for (Index c = 0; c < kBorderColumns; ++c) {
      const double x = (static_cast<double>(c) + 0.5) / kBorderColumns,
                   y = (static_cast<double>(r) + 0.5) / kBorderRows;
      grid.push_back(static_cast<float>(from[0] + x * (to[0] - from[0])));
      grid.push_back(static_cast<float>(to[1] - y * (to[1] - from[1])));
    }
  const Predictions seen = predict(model, std::span<const float>(grid));
  const View<const float> values = seen.values.view();
  const std::string heading(title.empty() ? "What the network sees where" : title);
  svg::Picture picture(kBorderLeft + kBorderSide + kBorderRight,
                       kBorderTop + kBorderSide + kBorderBottom, heading,
                       cat("The plane of the two inputs, coloured by the predicted one of ",
                           data.class_count(), " classes, with ", rows.size(), " rows as dots."));
  picture.text(kBorderLeft, 30, "start", heading, "font-size=\"16\" fill=\"#222\"");
  const auto area = [&](Index r, Index c) {
    const Index i = r * kBorderColumns + c;
    const std::int32_t k = seen.classes[static_cast<std::size_t>(i)];
    return kBorderColours[static_cast<std::size_t>(k) % kBorderColours.size()]
        .area[sureness(values.row(i), k, model.schema.output)];
  };
  for (Index r = 0; r < kBorderRows; ++r)
    for (Index c = 0; c < kBorderColumns;) {
      Index end = c + 1;
      while (end < kBorderColumns && area(r, end) == area(r, c)) ++end;
      constexpr double kCell = kBorderSide / kBorderColumns, kLine = kBorderSide / kBorderRows;
      picture.rect(kBorderLeft + kCell * static_cast<double>(c),
                   kBorderTop + kLine * static_cast<double>(r),
                   kCell * static_cast<double>(end - c), kLine,
                   cat("fill=\"", area(r, c), "\" shape-rendering=\"crispEdges\""));
      c = end;
    }
  constexpr std::string_view kSmall = "fill=\"#555\" font-size=\"12\"";
  const std::vector<double> xs = svg::ticks(from[0], to[0], 4), ys = svg::ticks(from[1], to[1], 4);
  for (const double x : xs)
    if (x >= from[0] && x <= to[0])
      picture.text(px(x), kBorderTop + kBorderSide + 18, "middle", svg::tick_text(x, xs[1] - xs[0]),
                   kSmall);
  for (const double y : ys)
    if (y >= from[1] && y <= to[1])
      picture.text(kBorderLeft - 8, py(y) + 4, "end", svg::tick_text(y, ys[1] - ys[0]), kSmall);
  const auto axis = [&](std::size_t i) {
    return i < data.feature_names.size() ? data.feature_names[i] : cat("x", i + 1);
  };
  picture.text(kBorderLeft + kBorderSide / 2, kBorderTop + kBorderSide + 40, "middle", axis(0),
               kSmall);
  picture.text(16, kBorderTop + kBorderSide / 2, "middle", axis(1), kSmall, -90);
  const double radius = rows.size() <= 20 ? 7 : 3;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto k = static_cast<std::size_t>(data.classes[static_cast<std::size_t>(rows[i])]);
    picture.circle(
        px(static_cast<double>(points[2 * i])), py(static_cast<double>(points[2 * i + 1])), radius,
        cat("fill=\"", kBorderColours[k % kBorderColours.size()].dot, "\" stroke=\"#fff\""));
  }
  for (std::size_t k = 0; k < data.class_names.size() && k < 12; ++k) {
    const double y = kBorderTop + 12 + 22 * static_cast<double>(k);
    picture.circle(kBorderLeft + kBorderSide + 18, y, 5,
                   cat("fill=\"", kBorderColours[k % kBorderColours.size()].dot, "\""));
    picture.text(kBorderLeft + kBorderSide + 30, y + 4.5, "start",
                 svg::shortened(data.class_names[k], 12), "fill=\"#222\" font-size=\"13\"");
  }
  return picture;
}

}  // namespace chainrule
