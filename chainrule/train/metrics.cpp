#include "chainrule/train/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace chainrule {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double ratio(double part, double whole) { return whole == 0 ? 0 : part / whole; }

}  // namespace

bool in_top_k(std::span<const float> outputs, std::int32_t truth, Index k) {
  const std::size_t t = static_cast<std::size_t>(truth);
  Index before = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    before += outputs[i] > outputs[t] || (outputs[i] == outputs[t] && i < t);
  return before < k;
}

Confusion::Confusion(Index classes)
    : classes_(classes), counts_(static_cast<std::size_t>(classes * classes)) {}

std::int64_t Confusion::rows() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0});
}

double Confusion::accuracy() const {
  std::int64_t right = 0;
  for (Index c = 0; c < classes_; ++c) right += (*this)(c, c);
  const std::int64_t all = rows();
  return all == 0 ? kNone : static_cast<double>(right) / static_cast<double>(all);
}

ClassScore Confusion::score(Index c) const {
  std::int64_t have = 0, given = 0;
  for (Index other = 0; other < classes_; ++other)
    have += (*this)(c, other), given += (*this)(other, c);
  const double right = static_cast<double>((*this)(c, c));
  ClassScore s;
  s.precision = ratio(right, static_cast<double>(given));
  s.recall = ratio(right, static_cast<double>(have));
  s.f1 = ratio(2 * right, static_cast<double>(have + given));
  s.rows = have;
  return s;
}

ClassScore Confusion::macro() const {
  ClassScore mean;
  double classes = 0;
  for (Index c = 0; c < classes_; ++c) {
    const ClassScore s = score(c);
    bool given = false;
    for (Index truth = 0; truth < classes_; ++truth) given |= (*this)(truth, c) > 0;
    if (s.rows == 0 && !given) continue;
    mean.precision += s.precision, mean.recall += s.recall, mean.f1 += s.f1, mean.rows += s.rows;
    ++classes;
  }
  mean.precision = ratio(mean.precision, classes);
  mean.recall = ratio(mean.recall, classes);
  mean.f1 = ratio(mean.f1, classes);
  return mean;
}

Regression::Regression(Index outputs) : outputs_(static_cast<std::size_t>(outputs)) {}

void Regression::add(std::span<const double> truth, std::span<const double> predicted,
                     double weight) {
  ++rows_, weight_ += weight;
  if (weight == 0) return;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    Sums& s = outputs_[i];
    const double error = predicted[i] - truth[i];
    s.squared += weight * error * error;
    s.absolute += weight * std::abs(error);
    // From the first number on, so that a mean far from zero costs no digits of the spread.
    if (weight_ == weight) s.first = truth[i];
    const double from_old_mean = truth[i] - s.first - s.mean;
    s.mean += from_old_mean * (weight / weight_);
    s.spread += weight * from_old_mean * (truth[i] - s.first - s.mean);
  }
}

double Regression::mse() const {
  double sum = 0;
  for (const Sums& s : outputs_) sum += s.squared;
  const double count = weight_ * static_cast<double>(outputs_.size());
  return count == 0 ? kNone : sum / count;
}

double Regression::rmse() const {
  if (weight_ == 0 || outputs_.empty()) return kNone;
  double sum = 0;
  for (const Sums& s : outputs_) sum += std::sqrt(s.squared / weight_);
  return sum / static_cast<double>(outputs_.size());
}

double Regression::mae() const {
  double sum = 0;
  for (const Sums& s : outputs_) sum += s.absolute;
  const double count = weight_ * static_cast<double>(outputs_.size());
  return count == 0 ? kNone : sum / count;
}

double Regression::r2() const {
  if (rows_ < 2 || outputs_.empty()) return kNone;
  double sum = 0;
  for (const Sums& s : outputs_)
    sum += s.spread > 0 ? 1 - s.squared / s.spread : s.squared == 0 ? 1.0 : 0.0;
  return sum / static_cast<double>(outputs_.size());
}

}  // namespace chainrule
