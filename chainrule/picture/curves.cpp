#include "chainrule/picture/curves.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/picture/svg.h"

namespace chainrule {
namespace {

using svg::Picture;

constexpr double kWidth = 440, kHeight = 360;  // of one panel, with its labels
constexpr double kLeft = 62, kRight = 122, kTop = 86, kBottom = 50;
constexpr double kLabelGap = 16;
constexpr Index kMostPoints = 1000;  // drawn of one line
constexpr Index kMostDots = 25;      // epochs up to which each is marked

/// Blue, orange and black stay apart for every kind of colour blindness.
struct Series {
  std::string_view name, colour;
  Score EpochRow::*score;
};
constexpr std::array<Series, 3> kSeries{{{"train", "#0072b2", &EpochRow::train},
                                         {"validation", "#c44e00", &EpochRow::validation},
                                         {"test", "#222222", &EpochRow::test}}};

/// What a panel shows of a score.
struct Quantity {
  std::string_view title;
  double Score::*field;
  double factor;
  std::string_view unit;
};

using Points = std::vector<std::pair<double, double>>;  // epoch, value

Points points_of(const History& history, const Series& series, const Quantity& quantity) {
  Points points;
  for (const EpochRow& row : history.epochs) {
    const double value = row.*series.score.*quantity.field * quantity.factor;
    if (std::isfinite(value)) points.emplace_back(static_cast<double>(row.epoch), value);
  }
  return points;
}

/// Every n-th point, and the last.
Points thinned(const Points& points) {
  const std::size_t every = (points.size() + kMostPoints - 1) / kMostPoints;
  if (every <= 1) return points;
  Points some;
  for (std::size_t i = 0; i < points.size(); i += every) some.push_back(points[i]);
  if (some.back() != points.back()) some.push_back(points.back());
  return some;
}

struct Label {
  double y;
  std::string text;
  std::string_view colour;
};

/// Moves labels apart, each as little as the ones above it allow.
void spread_labels(std::vector<Label>& labels, double lowest) {
  std::sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) { return a.y < b.y; });
  for (std::size_t i = 1; i < labels.size(); ++i)
    labels[i].y = std::max(labels[i].y, labels[i - 1].y + kLabelGap);
  for (std::size_t i = labels.size(); i-- > 0; lowest = labels[i].y - kLabelGap)
    labels[i].y = std::min(labels[i].y, lowest);
}

void panel(Picture& picture, double x0, const History& history, const Quantity& quantity) {
  std::array<Points, 3> lines;
  double low = 0, high = 0;
  bool any = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    lines[i] = points_of(history, kSeries[i], quantity);
    for (const auto& [epoch, value] : lines[i]) {
      low = any ? std::min(low, value) : value;
      high = any ? std::max(high, value) : value;
      any = true;
    }
  }
  const bool is_loss = quantity.field == &Score::loss;
  if (is_loss && low > 0) low = 0;
  if (!is_loss && !(high > low)) low = high - 1, high = std::min(high + 1, 100.0);

  const double left = x0 + kLeft, right = x0 + kWidth - kRight;
  const double top = kTop, bottom = kHeight - kBottom;
  const std::vector<double> ys = svg::ticks(low, high, 5);
  const double last_epoch =
      history.epochs.empty() ? 1 : static_cast<double>(history.epochs.back().epoch);
  const auto px = [&](double epoch) {
    return last_epoch > 1 ? left + (right - left) * (epoch - 1) / (last_epoch - 1)
                          : (left + right) / 2;
  };
  const auto py = [&](double value) {
    return bottom - (bottom - top) * (value - ys.front()) / (ys.back() - ys.front());
  };

  picture.text(left, top - 22, "start",
               quantity.unit.empty() ? std::string(quantity.title)
                                     : cat(quantity.title, " (", quantity.unit, ")"),
               "font-weight=\"bold\" fill=\"#222\"");
  for (const double y : ys) {
    if (y != ys.front()) picture.line(left, py(y), right, py(y), "stroke=\"#e6e6e6\"");
    picture.text(left - 8, py(y) + 4.5, "end", svg::tick_text(y, ys[1] - ys[0]),
                 "fill=\"#555\" font-size=\"12\"");
  }
  const std::vector<double> xs = svg::ticks(1, last_epoch, 6, 1);
  const auto x_tick = [&](double x) {
    picture.line(px(x), bottom, px(x), bottom + 4, "stroke=\"#555\"");
    picture.text(px(x), bottom + 18, "middle", svg::tick_text(x, 1),
                 "fill=\"#555\" font-size=\"12\"");
  };
  x_tick(1);
  for (const double x : xs)
    if (x - 1 >= (xs[1] - xs[0]) / 2 && x <= last_epoch) x_tick(x);
  picture.text((left + right) / 2, bottom + 38, "middle", "epoch",
               "fill=\"#555\" font-size=\"12\"");

  const double best = static_cast<double>(history.best_epoch);
  if (history.best_epoch > 0 && best < last_epoch) {
    picture.line(px(best), top, px(best), bottom, "stroke=\"#999\" stroke-dasharray=\"2 3\"");
    picture.text(px(best), top - 6, px(best) > (left + right) / 2 ? "end" : "start",
                 cat("best: epoch ", history.best_epoch), "fill=\"#777\" font-size=\"11\"");
  }

  std::vector<Label> labels;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    const std::string colour(kSeries[i].colour);
    Points pixels;
    for (const auto& [epoch, value] : thinned(lines[i])) pixels.emplace_back(px(epoch), py(value));
    picture.path(pixels, "stroke=\"" + colour + "\" stroke-width=\"2\" stroke-linejoin=\"round\"");
    if (static_cast<Index>(pixels.size()) <= kMostDots)
      for (const auto& [x, y] : pixels) picture.circle(x, y, 2.6, "fill=\"" + colour + "\"");
    const double value = lines[i].back().second;
    labels.push_back(
        {pixels.back().second + 4.5,
         cat(kSeries[i].name, " ", is_loss ? svg::significant(value, 3) : svg::decimals(value, 1)),
         kSeries[i].colour});
  }
  spread_labels(labels, bottom + 4.5);
  for (const Label& label : labels)
    picture.text(right + 10, label.y, "start", label.text,
                 cat("fill=\"", label.colour, "\" font-size=\"12\""));
  picture.line(left, top, left, bottom, "stroke=\"#555\"");
  picture.line(left, bottom, right, bottom, "stroke=\"#555\"");
}

std::string summary(const History& history) {
  if (history.epochs.empty()) return "No epoch was completed.";
  const EpochRow& row = history.epochs.back();
  std::string s = cat("After epoch ", row.epoch);
  for (const Series& series : kSeries) {
    const Score& score = row.*series.score;
    if (!score.measured()) continue;
    s += cat(", ", series.name, " loss ", score.loss);
    if (score.has_accuracy()) s += cat(" and accuracy ", score.accuracy * 100, " %");
  }
  return s + ".";
}

}  // namespace

std::string curves_svg(const History& history, std::string_view title) {
  const bool accuracy =
      std::any_of(history.epochs.begin(), history.epochs.end(), [](const EpochRow& row) {
        return row.train.has_accuracy() || row.validation.has_accuracy() || row.test.has_accuracy();
      });
  const std::string heading(title.empty() ? "Learning curves" : title);
  Picture picture(kWidth * (accuracy ? 2 : 1), kHeight, heading, summary(history));
  picture.text(kLeft, 30, "start", heading, "font-size=\"16\" fill=\"#222\"");
  panel(picture, 0, history, {"loss", &Score::loss, 1, ""});
  if (accuracy) panel(picture, kWidth, history, {"accuracy", &Score::accuracy, 100, "%"});
  return picture.str();
}

}  // namespace chainrule
