#include "cli/eval_report.h"

#include <cmath>
#include <vector>

#include "chainrule/core/json.h"
#include "cli/confusion.h"
#include "cli/format.h"
#include "cli/table.h"

namespace chainrule::cli {
namespace {

void print_classes(const Terminal& out, const Evaluation& e,
                   const std::vector<std::string>& names) {
  const auto row = [](const std::string& name, const ClassScore& s) {
    return std::vector<std::string>{name, percent(s.precision), percent(s.recall), percent(s.f1),
                                    grouped(s.rows)};
  };
  std::vector<std::vector<std::string>> rows;
  for (Index c = 0; c < e.confusion.classes(); ++c)
    rows.push_back(row(shorten(names[static_cast<std::size_t>(c)], 24), e.confusion.score(c)));
  ClassScore mean = e.confusion.macro();
  mean.rows = e.confusion.rows();
  rows.push_back(row("mean", mean));
  Table::print(out, {{"class", true}, {"precision"}, {"recall"}, {"F1"}, {"rows"}}, rows);
}

/// A measure, where there is one.
void say_measure(const Terminal& out, const char* label, const std::string& text, double value) {
  if (!std::isnan(value)) out.labelled(label, text);
}

void print_numbers(const Terminal& out, const Evaluation& e, const Schema& schema) {
  const std::string unit = schema.targets.size() == 1 && !schema.targets[0].unit.empty()
                               ? " " + schema.targets[0].unit
                               : "";
  out.labelled("loss", loss_text(e.loss));
  out.labelled("RMSE", compact(e.rmse) + unit);
  out.labelled("MSE", compact(e.mse));
  out.labelled("MAE", compact(e.mae) + unit);
  out.labelled("errors", cat("half below ", compact(e.median_error), unit, ", nine tenths below ",
                             compact(e.error_90), unit));
  say_measure(out, "R²", fixed(e.r2, 4), e.r2);
  std::vector<std::vector<std::string>> rows;
  for (const TargetScore& t : e.targets)
    rows.push_back({shorten(t.name, 24), compact(t.rmse), compact(t.mae), fixed(t.r2, 4)});
  if (rows.empty()) return;
  out.line();
  Table::print(out, {{"target", true}, {"RMSE"}, {"MAE"}, {"R²"}}, rows);
}

void print_labels(const Terminal& out, const Evaluation& e) {
  out.labelled("all right", percent(e.accuracy) + " of the rows");
  out.labelled("wrong", percent(e.hamming_loss) + " of the labels");
  out.labelled("F1", percent(e.micro_f1) + " over all labels, " + percent(e.macro_f1) +
                         " as the mean of each");
  say_measure(out, "AUC", fixed(e.auc, 4), e.auc);
  out.labelled("loss", loss_text(e.loss));
  std::vector<std::vector<std::string>> rows;
  for (const TargetScore& t : e.targets)
    rows.push_back({shorten(t.name, 24), percent(t.precision), percent(t.recall), percent(t.f1),
                    std::isnan(t.auc) ? "" : fixed(t.auc, 4), grouped(t.yes)});
  out.line();
  Table::print(out, {{"label", true}, {"precision"}, {"recall"}, {"F1"}, {"AUC"}, {"rows"}}, rows);
}

void print_calibration(const Terminal& out, const Evaluation& e) {
  constexpr Index kFewRows = 50;  // below, the bins say little
  if (e.rows < kFewRows || e.calibration.size() < 2) return;
  double off = 0;
  for (const CalibrationBin& b : e.calibration)
    off += std::abs(b.predicted - b.observed) * static_cast<double>(b.rows);
  out.labelled("calibration", cat("probabilities are off by ",
                                  percent(off / static_cast<double>(e.rows), 1), " on average"));
}

}  // namespace

void print_result(const Terminal& out, const Evaluation& e, const Schema& schema) {
  if (schema.task == Task::multilabel) return print_labels(out, e);
  if (e.confusion.classes() == 0) return print_numbers(out, e, schema);
  out.labelled("accuracy", percent(e.accuracy));
  if (e.top_k > 1 && e.top_k < e.confusion.classes())
    out.labelled(cat("top ", e.top_k), percent(e.top_k_accuracy));
  say_measure(out, "AUC",
              fixed(e.auc, 4) + (std::isnan(e.average_precision)
                                     ? ""
                                     : cat(", average precision ", fixed(e.average_precision, 4))),
              e.auc);
  out.labelled("balanced", cat(percent(e.balanced_accuracy), ", Matthews ", fixed(e.matthews, 4)));
  out.labelled("loss", loss_text(e.loss));
  print_calibration(out, e);
  out.line();
  std::vector<std::string> names;
  for (Index c = 0; c < e.confusion.classes(); ++c) names.push_back(schema.label(c));
  print_classes(out, e, names);
  out.line();
  print_confusion(out, e.confusion, names);
}

namespace {

void add_classes(JsonObject& json, const Evaluation& e, const Schema& schema) {
  std::vector<std::vector<std::int64_t>> square;
  std::vector<JsonObject> classes, bins;
  for (Index t = 0; t < e.confusion.classes(); ++t) {
    auto& row = square.emplace_back();
    for (Index p = 0; p < e.confusion.classes(); ++p) row.push_back(e.confusion(t, p));
    const ClassScore s = e.confusion.score(t);
    classes.push_back(JsonObject()
                          .add("class", schema.label(t))
                          .add("precision", s.precision)
                          .add("recall", s.recall)
                          .add("f1", s.f1)
                          .add("rows", s.rows));
  }
  for (const CalibrationBin& b : e.calibration)
    bins.push_back(
        JsonObject().add("predicted", b.predicted).add("observed", b.observed).add("rows", b.rows));
  json.add("accuracy", e.accuracy)
      .add("top_k", e.top_k)
      .add("top_k_accuracy", e.top_k_accuracy)
      .add("balanced_accuracy", e.balanced_accuracy)
      .add("matthews", e.matthews)
      .add("auc", e.auc)
      .add("average_precision", e.average_precision)
      .add("log_loss", e.log_loss)
      .add("threshold", schema.threshold)
      .add("calibration", bins)
      .add("confusion", square)
      .add("classes", classes);
}

}  // namespace

JsonObject evaluation_json(const Evaluation& e, const Schema& schema) {
  JsonObject json;
  json.add("rows", e.rows).add("loss", e.loss).add("task", to_string(schema.task));
  std::vector<JsonObject> targets;
  const bool labels = schema.task == Task::multilabel;
  for (const TargetScore& t : e.targets) {
    JsonObject& one = targets.emplace_back(JsonObject().add("name", t.name));
    if (labels)
      one.add("accuracy", t.accuracy)
          .add("auc", t.auc)
          .add("precision", t.precision)
          .add("recall", t.recall)
          .add("f1", t.f1)
          .add("rows", t.yes);
    else
      one.add("rmse", t.rmse).add("mae", t.mae).add("r2", t.r2);
  }
  if (labels)
    json.add("accuracy", e.accuracy)
        .add("hamming_loss", e.hamming_loss)
        .add("micro_f1", e.micro_f1)
        .add("macro_f1", e.macro_f1)
        .add("auc", e.auc)
        .add("targets", targets);
  else if (e.confusion.classes() == 0)
    json.add("mse", e.mse)
        .add("rmse", e.rmse)
        .add("mae", e.mae)
        .add("r2", e.r2)
        .add("median_error", e.median_error)
        .add("error_90", e.error_90)
        .add("targets", targets);
  else
    add_classes(json, e, schema);
  return json;
}

}  // namespace chainrule::cli
