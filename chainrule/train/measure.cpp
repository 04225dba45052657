#include "chainrule/train/measure.h"

#include <algorithm>
#include <cmath>

#include "chainrule/data/answer.h"

namespace chainrule {
namespace {

std::size_t slot(Index i) { return static_cast<std::size_t>(i); }
double share_of(Index some, Index all) {
  return static_cast<double>(some) / static_cast<double>(all);
}
double quotient(Index some, Index all) { return all == 0 ? 0 : share_of(some, all); }

/// What a person is told of each row.
Tensor<double> finished(const Schema& schema, const Tensor<float>& outputs) {
  Tensor<double> all(outputs.rows(), outputs.cols());
  std::vector<float> row(slot(outputs.cols()));
  for (Index i = 0; i < outputs.rows(); ++i) {
    std::ranges::copy(outputs.view().row(i), row.begin());
    finish_outputs(schema, row);
    std::ranges::copy(row, all.row(i).begin());
  }
  return all;
}

/// [rows, classes]; one output is the probability of the second of two classes.
Tensor<double> both_classes(const Tensor<double>& answers) {
  Tensor<double> both(answers.rows(), 2);
  for (Index i = 0; i < answers.rows(); ++i)
    both(i, 0) = 1 - answers(i, 0), both(i, 1) = answers(i, 0);
  return both;
}

std::vector<double> column(const Tensor<double>& answers, Index c) {
  std::vector<double> values;
  for (Index i = 0; i < answers.rows(); ++i) values.push_back(answers(i, c));
  return values;
}

void measure_probabilities(const Tensor<double>& p, const std::vector<std::int32_t>& truth,
                           bool probabilities, Evaluation& e) {
  constexpr Index kMostNumbers = Index{1} << 26;  // areas sort each column
  if (p.cols() == 2) {
    const std::vector<double> scores = column(p, 1);
    const std::vector<std::uint8_t> yes(truth.begin(), truth.end());
    e.auc = roc_auc(scores, yes);
    e.average_precision = average_precision(scores, yes);
    if (probabilities) e.calibration = calibration(scores, yes);
  } else if (p.size() <= kMostNumbers) {
    e.auc = macro_roc_auc(p.view(), truth);
  }
  if (probabilities) e.log_loss = log_loss(p.view(), truth);
}

}  // namespace

void measure_classes(const Model& model, const Dataset& data, const Tensor<float>& outputs,
                     Index top_k, Evaluation& e) {
  const Index classes = std::max<Index>(data.class_count(), 2);
  e.confusion = Confusion(classes);
  e.top_k = std::clamp<Index>(top_k, 1, classes);
  WeightedConfusion counts(classes);
  Index among = 0;
  for (Index i = 0; i < outputs.rows(); ++i) {
    const std::span<const float> row = outputs.view().row(i);
    const std::int32_t truth = data.classes[slot(i)], predicted = decide(model.schema, row, false);
    e.confusion.add(truth, predicted);
    counts.add(truth, predicted);
    among += row.size() == 1 ? e.top_k > 1 || truth == predicted : in_top_k(row, truth, e.top_k);
  }
  e.accuracy = e.confusion.accuracy();
  e.top_k_accuracy = share_of(among, e.rows);
  e.balanced_accuracy = balanced_accuracy(counts);
  e.matthews = matthews(counts);
  const bool probabilities = gives_probabilities(model.schema);
  const Tensor<double> answers = finished(model.schema, outputs);
  if (answers.cols() == 1)
    measure_probabilities(both_classes(answers), data.classes, probabilities, e);
  else
    measure_probabilities(answers, data.classes, probabilities, e);
}

void measure_labels(const Model& model, const Dataset& data, const Tensor<float>& outputs,
                    Evaluation& e) {
  const Tensor<double> answers = finished(model.schema, outputs);
  const Index labels = answers.cols(), rows = answers.rows();
  const double threshold = model.schema.threshold;
  const auto truth = [&](Index i, Index k) { return data.targets[slot(i * labels + k)] > 0.5F; };
  Index wrong = 0, exact = 0, hits = 0, given = 0, there = 0, areas = 0;
  double area = 0, f1 = 0;
  for (Index i = 0; i < rows; ++i) {
    Index off = 0;
    for (Index k = 0; k < labels; ++k) off += (answers(i, k) > threshold) != truth(i, k);
    wrong += off, exact += off == 0;
  }
  for (Index k = 0; k < labels; ++k) {
    TargetScore score{.name = slot(k) < data.target_names.size() ? data.target_names[slot(k)] : ""};
    std::vector<std::uint8_t> yes;
    Index both = 0, said = 0, right = 0;
    for (Index i = 0; i < rows; ++i) {
      const bool is = truth(i, k), says = answers(i, k) > threshold;
      yes.push_back(is), score.yes += is, said += says, both += is && says, right += is == says;
    }
    score.accuracy = share_of(right, rows);
    score.precision = quotient(both, said), score.recall = quotient(both, score.yes);
    score.f1 = quotient(2 * both, said + score.yes);
    score.auc = roc_auc(column(answers, k), yes);
    if (!std::isnan(score.auc)) area += score.auc, ++areas;
    f1 += score.f1;
    hits += both, given += said, there += score.yes;
    e.targets.push_back(std::move(score));
  }
  e.accuracy = share_of(exact, rows);
  e.hamming_loss = share_of(wrong, rows * labels);
  e.micro_f1 = quotient(2 * hits, given + there);
  e.macro_f1 = f1 / static_cast<double>(labels);
  if (areas > 0) e.auc = area / static_cast<double>(areas);
}

void measure_numbers(const Model& model, const Dataset& data, const Tensor<float>& outputs,
                     Evaluation& e) {
  const Tensor<double> answers = finished(model.schema, outputs);
  const std::size_t width = slot(answers.cols());
  std::vector<Target> units = model.schema.targets;
  if (model.schema.task != Task::regression) units.clear();
  units.resize(width);
  Regression all(answers.cols());
  std::vector<Regression> each(width, Regression(1));
  std::vector<double> truth(width), errors;
  for (Index i = 0; i < answers.rows(); ++i) {
    const auto row = answers.row(i);
    for (std::size_t k = 0; k < width; ++k) {
      const float target = data.targets[slot(i) * width + k];
      truth[k] = static_cast<double>(target) * units[k].scale + units[k].offset;
      errors.push_back(std::abs(row[k] - truth[k]));
      each[k].add(std::span(truth).subspan(k, 1), row.subspan(k, 1));
    }
    all.add(truth, row);
  }
  e.mse = all.mse(), e.rmse = all.rmse(), e.mae = all.mae(), e.r2 = all.r2();
  e.median_error = quantile(errors, 0.5), e.error_90 = quantile(std::move(errors), 0.9);
  for (std::size_t k = 0; k < width && width > 1; ++k)
    e.targets.push_back({.name = k < data.target_names.size() ? data.target_names[k] : "",
                         .rmse = each[k].rmse(),
                         .mae = each[k].mae(),
                         .r2 = each[k].r2()});
}

}  // namespace chainrule
