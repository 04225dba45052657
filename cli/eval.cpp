// chainrule eval: how good a trained model is on data.
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chainrule/core/json.h"
#include "chainrule/train/evaluate.h"
#include "cli/args.h"
#include "cli/confusion.h"
#include "cli/describe.h"
#include "cli/format.h"
#include "cli/load_data.h"
#include "cli/ranks.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace chainrule::cli {
namespace {

struct EvalFlags {
  std::string model;
  DataFlags data;
  std::optional<double> min_accuracy;
  std::int64_t threads = 0;
  bool json = false;
};

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

std::string result_json(const Evaluation& e, const Schema& schema) {
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
  return json.str();
}

int run(const EvalFlags& flags) {
  const Terminal out(flags.json ? stderr : stdout);
  if (flags.threads < 0 || flags.threads > 1024)
    throw UsageError(cat("--threads must be from 0 (all) to 1024, not ", flags.threads));
  join_ranks(kRankTimeout);
  const Model model = Model::load(flags.model);
  if (flags.min_accuracy && model.schema.task != Task::classification)
    throw UsageError("--min-accuracy needs a model of classes; this one predicts numbers");
  const Dataset data = load_data_for(model, flags.data);
  // A model that was saved before it was trained has no names of its own.
  Schema schema = model.schema;
  if (schema.labels.empty()) schema.labels = data.class_names;
  out.labelled("model", describe_model(model));
  out.labelled("data",
               counted(data.rows(), "row") + "   " + describe_rows(data, model.schema.task));
  for (const std::string& note : data.notes) out.labelled("note", note);
  const Evaluation e = evaluate(
      model, data,
      {.threads = threads_of_rank(static_cast<int>(flags.threads)), .exchange = joined_ranks()});
  print_result(out, e, schema);
  if (flags.json) Terminal(stdout).line(result_json(e, schema));
  return accurate_enough(e.accuracy, flags.min_accuracy) ? kOk : kFailed;
}

}  // namespace

Command eval_command() {
  Command c;
  c.name = "eval";
  c.shared = true;
  c.usage = "MODEL DATA [flags]";
  c.summary = "measure a trained model on data";
  c.about =
      "Accuracy, loss, areas under curves, precision, recall and F1 of each class and the "
      "confusion "
      "matrix; for several labels the same of each; for numbers the errors in their unit and R². "
      "Of "
      "named data the test part is taken, of a file all rows.";
  c.examples =
      "  chainrule eval run/model.safetensors digits\n"
      "  chainrule eval run/model.safetensors mnist --data ~/mnist --json\n"
      "  chainrule eval run/model.safetensors flowers.csv --min-accuracy 0.95\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<EvalFlags>();
    args.positional("MODEL", &flags->model, "a file written by train");
    args.positional("DATA", &flags->data.name, "as for train: a name, a file or a folder");
    declare_data_flags(args, flags->data, DataUse::look);
    args.group("Evaluation");
    args.flag("--min-accuracy", "X", &flags->min_accuracy,
              "exit code 1 when the accuracy, from 0 to 1, is below X");
    args.flag("--threads", "N", &flags->threads, "0 for all");
    args.group("Output");
    args.flag("--json", "", &flags->json,
              "the result as one JSON object on standard output, all else on standard error");
    return [flags] { return run(*flags); };
  };
  return c;
}

}  // namespace chainrule::cli
