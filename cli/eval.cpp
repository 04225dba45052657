// chainrule eval: how good a trained model is on data.
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

void print_result(const Terminal& out, const Evaluation& e, const std::vector<std::string>& names) {
  if (e.confusion.classes() == 0) {
    out.labelled("loss", loss_text(e.loss));
    out.labelled("MSE", compact(e.mse));
    out.labelled("MAE", compact(e.mae));
    out.labelled("R²", fixed(e.r2, 4));
    return;
  }
  out.labelled("accuracy", percent(e.accuracy));
  if (e.top_k > 1 && e.top_k < e.confusion.classes())
    out.labelled(cat("top ", e.top_k), percent(e.top_k_accuracy));
  out.labelled("loss", loss_text(e.loss));
  out.line();
  print_classes(out, e, names);
  out.line();
  print_confusion(out, e.confusion, names);
}

void print_json(const Evaluation& e, const std::vector<std::string>& names) {
  JsonObject json;
  json.add("rows", e.rows).add("loss", e.loss);
  if (e.confusion.classes() == 0) {
    json.add("mse", e.mse).add("mae", e.mae).add("r2", e.r2);
  } else {
    std::vector<std::vector<std::int64_t>> square;
    std::vector<JsonObject> classes;
    for (Index t = 0; t < e.confusion.classes(); ++t) {
      auto& row = square.emplace_back();
      for (Index p = 0; p < e.confusion.classes(); ++p) row.push_back(e.confusion(t, p));
      const ClassScore s = e.confusion.score(t);
      classes.push_back(JsonObject()
                            .add("class", names[static_cast<std::size_t>(t)])
                            .add("precision", s.precision)
                            .add("recall", s.recall)
                            .add("f1", s.f1)
                            .add("rows", s.rows));
    }
    json.add("accuracy", e.accuracy)
        .add("top_k", e.top_k)
        .add("top_k_accuracy", e.top_k_accuracy)
        .add("confusion", square)
        .add("classes", classes);
  }
  Terminal(stdout).line(json.str());
}

int run(const EvalFlags& flags) {
  const Terminal out(flags.json ? stderr : stdout);
  if (flags.threads < 0 || flags.threads > 1024)
    throw UsageError(cat("--threads must be from 0 (all) to 1024, not ", flags.threads));
  join_ranks(kRankTimeout);
  const Model model = Model::load(flags.model);
  if (flags.min_accuracy && model.class_names.empty())
    throw UsageError("--min-accuracy needs a model of classes; this one predicts numbers");
  const Dataset data = load_data_for(model, flags.data);
  // A model that was saved before it was trained has no names of its own.
  const std::vector<std::string>& names =
      model.class_names.empty() ? data.class_names : model.class_names;
  out.labelled("model", describe_model(model));
  out.labelled("data", counted(data.rows(), "row") + "   " + describe_rows(data));
  const Evaluation e = evaluate(
      model, data,
      {.threads = threads_of_rank(static_cast<int>(flags.threads)), .exchange = joined_ranks()});
  print_result(out, e, names);
  if (flags.json) print_json(e, names);
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
      "Accuracy and loss, precision, recall and F1 of each class and the confusion matrix; for "
      "numbers the mean squared and absolute errors and R². Of named data the test part is taken, "
      "of a file all rows.";
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
