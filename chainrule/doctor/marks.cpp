#include "chainrule/doctor/marks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "chainrule/core/error.h"
#include "chainrule/explain/model_run.h"
#include "chainrule/train/evaluate.h"
#include "chainrule/train/fit.h"

namespace chainrule::detail {
namespace {

constexpr Index kJudgedRows = 1000, kTrainingRows = 2000, kLeastTest = 20, kLogic = 8;

double mean_of(const std::vector<double>& v) {
  return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}

double error_of(const std::vector<double>& v) {
  const double mean = mean_of(v);
  double squares = 0;
  for (const double x : v) squares += (x - mean) * (x - mean);
  return std::sqrt(squares / static_cast<double>(v.size()) / static_cast<double>(v.size()));
}

Dataset some_rows(const Dataset& data, Index most) {
  return data.subset(spread_rows(data.rows(), most));
}

Index outputs_of(const Dataset& d) {
  if (!d.has_classes()) return d.target_size();
  return d.class_count() == 2 ? 1 : d.class_count();
}

/// Solves (A + ridge) X = B in place, A [n, n] symmetric and positive, B [n, m]: Cholesky.
void solve(std::vector<double>& a, std::vector<double>& b, std::size_t n, std::size_t m) {
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < j; ++k) a[j * n + j] -= a[j * n + k] * a[j * n + k];
    a[j * n + j] = std::sqrt(std::max(a[j * n + j], 1e-12));
    for (std::size_t i = j + 1; i < n; ++i) {
      for (std::size_t k = 0; k < j; ++k) a[i * n + j] -= a[i * n + k] * a[j * n + k];
      a[i * n + j] /= a[j * n + j];
    }
  }
  for (std::size_t c = 0; c < m; ++c) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < i; ++k) b[i * m + c] -= a[i * n + k] * b[k * m + c];
      b[i * m + c] /= a[i * n + i];
    }
    for (std::size_t i = n; i > 0; --i) {
      for (std::size_t k = i; k < n; ++k) b[(i - 1) * m + c] -= a[k * n + i - 1] * b[k * m + c];
      b[(i - 1) * m + c] /= a[(i - 1) * n + i - 1];
    }
  }
}

/// Least squares with a little ridge; weights [F + 1, K], the last row the constant.
std::vector<double> least_squares(const Dataset& x, std::size_t width, std::size_t outputs) {
  const std::size_t n = width + 1;
  std::vector<double> a(n * n), b(n * outputs), row(n, 1.0);
  for (std::size_t r = 0; r < static_cast<std::size_t>(x.rows()); ++r) {
    for (std::size_t j = 0; j < width; ++j) row[j] = x.floats[r * width + j];
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j <= i; ++j) a[i * n + j] += row[i] * row[j];
      for (std::size_t c = 0; c < outputs; ++c)
        b[i * outputs + c] += row[i] * static_cast<double>(x.targets[r * outputs + c]);
    }
  }
  for (std::size_t i = 0; i < n; ++i) a[i * n + i] += 1e-6 * static_cast<double>(x.rows()) + 1e-9;
  solve(a, b, n, outputs);
  return b;
}

}  // namespace

double Marks::score() const { return wrong.empty() ? std::nan("") : 1 - mean_of(wrong); }

double Marks::spread() const { return exact || wrong.size() < 2 ? 0 : 1.96 * error_of(wrong); }

bool better(const Marks& a, const Marks& b) {
  if (a.wrong.size() != b.wrong.size() || a.wrong.empty()) return false;
  std::vector<double> gain(a.wrong.size());
  std::ranges::transform(b.wrong, a.wrong, gain.begin(), std::minus<>());
  const double mean = mean_of(gain);
  // With few rows none of which differs otherwise, one more could have.
  const auto n = static_cast<double>(gain.size());
  const double least = 1 / n;
  return a.exact ? mean > 1e-9 : mean > 3 * std::max(error_of(gain), 0.3 * least);
}

Scaled::Scaled(const Dataset& training) {
  const Dataset some = some_rows(training, kTrainingRows);
  const auto width = static_cast<std::size_t>(some.features.size());
  std::vector<std::int32_t> order(static_cast<std::size_t>(some.rows()));
  std::iota(order.begin(), order.end(), 0);
  std::vector<double> x(order.size() * width);
  some.gather(order, std::span<double>(x));
  offset.assign(width, 0), factor.assign(width, 0);
  const double share = 1 / static_cast<double>(order.size());
  for (std::size_t i = 0; i < x.size(); ++i) offset[i % width] += share * x[i];
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double d = x[i] - offset[i % width];
    factor[i % width] += share * d * d;
  }
  for (std::size_t j = 0; j < width; ++j)
    factor[j] = factor[j] > 1e-20 * (1 + offset[j] * offset[j]) ? 1 / std::sqrt(factor[j]) : 0;
}

Dataset Scaled::operator()(const Dataset& data) const {
  Dataset d = data;
  const std::size_t width = offset.size();
  std::vector<std::int32_t> order(static_cast<std::size_t>(data.rows()));
  std::iota(order.begin(), order.end(), 0);
  std::vector<double> x(order.size() * width);
  data.gather(order, std::span<double>(x));
  d.bytes.clear(), d.borrowed = {}, d.image = {};
  d.floats.resize(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    d.floats[i] = static_cast<float>((x[i] - offset[i % width]) * factor[i % width]);
  return d;
}

Jury::Jury(const Splits& data, std::uint64_t seed, int threads, bool only_marks)
    : data_(data), threads_(threads), training_(some_rows(data.train, kTrainingRows)) {
  on_training_ = data.test.rows() < kLeastTest;
  rows_ = some_rows(on_training_ ? data.train : data.test, kJudgedRows);
  const Dataset& t = data.train;
  if (!t.has_classes()) {
    const auto width = static_cast<std::size_t>(t.target_size());
    mean_.assign(width, 0), variance_.assign(width, 0);
    for (std::size_t i = 0; i < t.targets.size(); ++i)
      mean_[i % width] += static_cast<double>(t.targets[i]) / static_cast<double>(t.rows());
    // R^2 is of the rows that are looked at.
    std::vector<double> own(width);
    const double n = static_cast<double>(rows_.rows());
    for (std::size_t i = 0; i < rows_.targets.size(); ++i)
      own[i % width] += static_cast<double>(rows_.targets[i]) / n;
    for (std::size_t i = 0; i < rows_.targets.size(); ++i) {
      const double d = static_cast<double>(rows_.targets[i]) - own[i % width];
      variance_[i % width] += d * d / n;
    }
  }
  if (only_marks) return;
  constant_answer();
  linear_answer(seed);
  nearest_answer();
}

namespace {

/// How often a row of the second class has a greater number than one of the first; the error is
/// that of numbers that mean nothing (Hanley and McNeil 1982).
void rank(const std::vector<float>& outputs, const std::vector<std::int32_t>& classes, Marks& m) {
  std::vector<std::size_t> order(outputs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return outputs[i]; });
  double ranks = 0, yes = 0;
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    while (end < order.size() && outputs[order[end]] == outputs[order[i]]) ++end;
    const double middle = (static_cast<double>(i + end) + 1) / 2;
    for (; i < end; ++i)
      if (classes[order[i]] == 1) ranks += middle, yes += 1;
  }
  const double no = static_cast<double>(order.size()) - yes;
  if (yes == 0 || no == 0) return;
  m.auc = (ranks - yes * (yes + 1) / 2) / (yes * no);
  m.auc_error = std::sqrt((yes + no + 1) / (12 * yes * no));
}

}  // namespace

Marks Jury::of(const Dataset& rows, const std::vector<float>& outputs, Index width) const {
  Marks m{.wrong = {}, .exact = data_.train.rows() <= kLogic};
  const auto k = static_cast<std::size_t>(width);
  if (rows.has_classes() && rows.class_count() == 2 && k == 1 &&
      std::ranges::all_of(outputs, [](float x) { return std::isfinite(x); }))
    rank(outputs, rows.classes, m);
  for (std::size_t r = 0; r < static_cast<std::size_t>(rows.rows()); ++r) {
    const auto row = std::span(outputs).subspan(r * k, k);
    if (rows.has_classes()) {
      const auto said = k > 1 ? std::ranges::max_element(row) - row.begin() : row[0] > 0.5F ? 1 : 0;
      m.wrong.push_back(said == rows.classes[r] ? 0 : 1);
      continue;
    }
    double sum = 0;
    for (std::size_t c = 0; c < k; ++c) {
      const double d = static_cast<double>(row[c]) - static_cast<double>(rows.targets[r * k + c]);
      sum += variance_[c] > 0 ? d * d / variance_[c] : d == 0 ? 0 : 1;
    }
    // Whatever is not a number is as wrong as anything can be.
    m.wrong.push_back(std::isfinite(sum) ? std::min(sum / static_cast<double>(k), 1e12) : 1e12);
  }
  return m;
}

namespace {

/// Of one number for two classes such that more than 1/2 means the second.
std::vector<float> answers(const Model& model, const Dataset& rows, int threads) {
  const Predictions p = predict(model, rows, {.threads = threads});
  std::vector<float> values(p.values.span().begin(), p.values.span().end());
  if (!p.classes.empty() && model.outputs() == 1 && model.schema.output == OutputKind::values)
    return values;
  if (p.classes.empty() || model.outputs() > 1) return values;
  // Scores that are no probabilities keep their order, and the side on which they are.
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float side = p.classes[i] == 1 ? 1.0F : 0.0F;
    const float squeezed = 0.5F + 0.5F * values[i] / (1 + std::abs(values[i]));
    values[i] = (values[i] > 0.5F) == (side > 0.5F) ? values[i] : squeezed;
  }
  return values;
}

}  // namespace

Marks Jury::marks(const Model& model) const {
  return of(rows_, answers(model, rows_, threads_), model.outputs());
}

Marks Jury::training(const Model& model) const {
  const Dataset some = some_rows(training_, kJudgedRows);
  return of(some, answers(model, some, threads_), model.outputs());
}

void Jury::constant_answer() {
  const Dataset& t = data_.train;
  const auto n = static_cast<std::size_t>(rows_.rows());
  std::vector<float> outputs;
  Index width = 1;
  if (t.has_classes()) {
    width = std::max<Index>(2, t.class_count());
    std::vector<float> counts(static_cast<std::size_t>(width));
    for (const std::int32_t y : t.classes) ++counts[static_cast<std::size_t>(y)];
    for (std::size_t r = 0; r < n; ++r) outputs.insert(outputs.end(), counts.begin(), counts.end());
  } else {
    width = t.target_size();
    for (std::size_t r = 0; r < n; ++r)
      for (const double m : mean_) outputs.push_back(static_cast<float>(m));
  }
  constant_ = of(rows_, outputs, width);
}

void Jury::linear_answer(std::uint64_t seed) {
  const Scaled scaled(data_.train);
  const Dataset train = scaled(training_), rows = scaled(rows_);
  const auto width = static_cast<std::size_t>(train.features.size());
  const Index outputs = outputs_of(train);
  constexpr std::size_t kWide = 200;
  if (!train.has_classes() && width <= kWide) {
    const auto k = static_cast<std::size_t>(outputs);
    const std::vector<double> w = least_squares(train, width, k);
    std::vector<float> said;
    for (std::size_t r = 0; r < static_cast<std::size_t>(rows.rows()); ++r)
      for (std::size_t c = 0; c < k; ++c) {
        double sum = w[width * k + c];
        for (std::size_t j = 0; j < width; ++j)
          sum += static_cast<double>(rows.floats[r * width + j]) * w[j * k + c];
        said.push_back(static_cast<float>(sum));
      }
    linear_ = of(rows, said, outputs);
    return;
  }
  Model model(cat("linear ", outputs), train.features,
              {.loss = !train.has_classes() ? "squared_error"
                       : outputs > 1        ? "softmax_cross_entropy"
                                            : "binary_cross_entropy_logits",
               .seed = seed});
  Splits alone;
  alone.train = train;
  const double lr = width > kWide ? 0.005 : 0.05;
  fit(model, alone,
      {.optimizer = Adam{.lr = lr},
       .steps = 300,
       .batch = std::min<Index>(64, train.rows()),
       .seed = seed,
       .threads = threads_});
  linear_ = of(rows, answers(model, rows, threads_), outputs);
}

void Jury::nearest_answer() {
  constexpr Index kKnown = 1000, kAsked = 400, kLeast = 50;
  if (training_.rows() < kLeast || (!training_.has_classes() && training_.target_size() != 1))
    return;
  const Scaled scaled(data_.train);
  const bool image = data_.train.image.rank() > 0;
  Dataset known = scaled(some_rows(data_.train, kKnown)), asked = scaled(some_rows(rows_, kAsked));
  // Pixels keep their scale.
  const auto width = scaled.offset.size();
  if (image)
    for (Dataset* d : {&known, &asked})
      for (std::size_t i = 0; i < d->floats.size(); ++i)
        if (const double f = scaled.factor[i % width]; f > 0)
          d->floats[i] = static_cast<float>(static_cast<double>(d->floats[i]) / f);
  const Index classes = std::max<Index>(known.class_count(), 1);
  const std::size_t neighbours = known.rows() >= 100 ? 5 : 1;
  std::vector<float> said;
  for (std::size_t a = 0; a < static_cast<std::size_t>(asked.rows()); ++a) {
    std::vector<std::pair<float, std::size_t>> near;
    for (std::size_t b = 0; b < static_cast<std::size_t>(known.rows()); ++b) {
      float distance = 0;
      for (std::size_t j = 0; j < width; ++j) {
        const float d = asked.floats[a * width + j] - known.floats[b * width + j];
        distance += d * d;
      }
      if (on_training_ && distance == 0) continue;  // itself
      near.emplace_back(distance, b);
    }
    const auto count = static_cast<std::ptrdiff_t>(std::min(neighbours, near.size()));
    std::ranges::partial_sort(near, near.begin() + count);
    std::vector<float> votes(static_cast<std::size_t>(classes));
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const std::size_t b = near[static_cast<std::size_t>(i)].second;
      if (known.has_classes())
        ++votes[static_cast<std::size_t>(known.classes[b])];
      else
        votes[0] += known.targets[b] / static_cast<float>(count);
    }
    said.insert(said.end(), votes.begin(), votes.end());
  }
  neighbour_ = of(asked, said, classes);
}

}  // namespace chainrule::detail
