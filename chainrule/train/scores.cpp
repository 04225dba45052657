#include "chainrule/train/scores.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace chainrule {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

std::size_t at(Index i) { return static_cast<std::size_t>(i); }
double weight_of(Weights weights, std::size_t i) { return weights.empty() ? 1 : weights[i]; }

/// Weights of rows of the class and of the rest that score above a threshold, for all thresholds
/// from above.
struct ScoreStep {
  double score, yes, no;  ///< of this score alone
};

std::vector<ScoreStep> steps_of(std::span<const double> scores, std::span<const std::uint8_t> truth,
                                Weights weights) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<ScoreStep> steps;
  for (const std::size_t i : order) {
    const double w = weight_of(weights, i);
    if (w == 0) continue;
    if (steps.empty() || steps.back().score != scores[i]) steps.push_back({scores[i], 0, 0});
    (truth[i] != 0 ? steps.back().yes : steps.back().no) += w;
  }
  return steps;
}

std::pair<double, double> totals(const std::vector<ScoreStep>& steps) {
  double yes = 0, no = 0;
  for (const ScoreStep& s : steps) yes += s.yes, no += s.no;
  return {yes, no};
}

}  // namespace

double roc_auc(std::span<const double> scores, std::span<const std::uint8_t> truth,
               Weights weights) {
  const std::vector<ScoreStep> steps = steps_of(scores, truth, weights);
  const auto [yes, no] = totals(steps);
  if (yes == 0 || no == 0) return kNothing;
  double area = 0, above = 0;
  for (const ScoreStep& s : steps) {
    area += s.no * (above + s.yes / 2);
    above += s.yes;
  }
  return area / (yes * no);
}

double average_precision(std::span<const double> scores, std::span<const std::uint8_t> truth,
                         Weights weights) {
  const std::vector<ScoreStep> steps = steps_of(scores, truth, weights);
  if (steps.empty()) return kNothing;
  const double yes = totals(steps).first;
  if (yes == 0) return 0;
  double area = 0, found = 0, taken = 0;
  for (const ScoreStep& s : steps) {
    found += s.yes, taken += s.yes + s.no;
    area += s.yes / yes * (found / taken);
  }
  return area;
}

double macro_roc_auc(View<const double> p, std::span<const std::int32_t> truth, Weights weights) {
  double sum = 0;
  Index classes = 0;
  std::vector<double> scores(truth.size());
  std::vector<std::uint8_t> is(truth.size());
  for (Index c = 0; c < p.cols(); ++c) {
    for (std::size_t i = 0; i < truth.size(); ++i)
      scores[i] = p(static_cast<Index>(i), c), is[i] = truth[i] == c;
    const double area = roc_auc(scores, is, weights);
    if (!std::isnan(area)) sum += area, ++classes;
  }
  return classes == 0 ? kNothing : sum / static_cast<double>(classes);
}

double log_loss(View<const double> p, std::span<const std::int32_t> truth, Weights weights) {
  constexpr double kLeast = std::numeric_limits<double>::epsilon();
  const auto clipped = [&](double x) { return std::clamp(x, kLeast, 1 - kLeast); };
  double loss = 0, all = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const auto row = p.row(static_cast<Index>(i));
    double sum = 0;
    for (const double x : row) sum += clipped(x);
    const double w = weight_of(weights, i);
    loss -= w * std::log(clipped(row[at(truth[i])]) / sum);
    all += w;
  }
  return all == 0 ? kNothing : loss / all;
}

double balanced_accuracy(const WeightedConfusion& c) {
  double sum = 0;
  Index classes = 0;
  for (Index t = 0; t < c.classes; ++t) {
    double rows = 0;
    for (Index p = 0; p < c.classes; ++p) rows += c(t, p);
    if (rows > 0) sum += c(t, t) / rows, ++classes;
  }
  return classes == 0 ? kNothing : sum / static_cast<double>(classes);
}

double matthews(const WeightedConfusion& c) {
  double right = 0, rows = 0, both = 0, truths = 0, predictions = 0;
  for (Index k = 0; k < c.classes; ++k) {
    double truth = 0, predicted = 0;
    for (Index j = 0; j < c.classes; ++j) truth += c(k, j), predicted += c(j, k);
    right += c(k, k), rows += truth;
    both += truth * predicted, truths += truth * truth, predictions += predicted * predicted;
  }
  if (rows == 0) return kNothing;
  const double spread = (rows * rows - predictions) * (rows * rows - truths);
  return spread <= 0 ? 0 : (right * rows - both) / std::sqrt(spread);
}

std::vector<CalibrationBin> calibration(std::span<const double> p,
                                        std::span<const std::uint8_t> truth, int bins) {
  std::vector<CalibrationBin> all(static_cast<std::size_t>(bins), {0, 0, 0});
  for (std::size_t i = 0; i < p.size(); ++i) {
    const auto place =
        static_cast<std::size_t>(std::clamp(static_cast<int>(p[i] * bins), 0, bins - 1));
    all[place].predicted += p[i], all[place].observed += truth[i], ++all[place].rows;
  }
  std::erase_if(all, [](const CalibrationBin& b) { return b.rows == 0; });
  for (CalibrationBin& b : all)
    b.predicted /= static_cast<double>(b.rows), b.observed /= static_cast<double>(b.rows);
  return all;
}

double best_threshold(std::span<const double> p, std::span<const std::uint8_t> truth,
                      Weights weights) {
  const std::vector<ScoreStep> steps = steps_of(p, truth, weights);
  const auto [yes, no] = totals(steps);
  if (yes == 0 || no == 0) return 0.5;
  double best = 0.5, most = -1, found = 0, wrong = 0;
  for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
    found += steps[i].yes, wrong += steps[i].no;
    const double between = (steps[i].score + steps[i + 1].score) / 2;
    const double quality = found / yes + (no - wrong) / no;
    const bool nearer = std::abs(between - 0.5) < std::abs(best - 0.5);
    if (quality > most + 1e-12 || (quality > most - 1e-12 && nearer))
      most = quality, best = between;
  }
  return best;
}

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return kNothing;
  std::ranges::sort(values);
  const double place = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

}  // namespace chainrule
