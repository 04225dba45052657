// chainrule eval: how good a trained model is on data.
#include <memory>
#include <optional>
#include <string>

#include "chainrule/core/json.h"
#include "chainrule/train/evaluate.h"
#include "chainrule/train/run_recipe.h"
#include "cli/args.h"
#include "cli/describe.h"
#include "cli/eval_report.h"
#include "cli/format.h"
#include "cli/load_data.h"
#include "cli/ranks.h"
#include "cli/recipe.h"
#include "cli/terminal.h"
#include "cli/train_result.h"

namespace chainrule::cli {
namespace {

struct EvalFlags {
  std::string model;
  DataFlags data;
  std::optional<double> min_accuracy;
  std::int64_t threads = 0;
  bool json = false;
};

/// The rows of DATA, or those that the run has kept for its test.
Dataset rows_of(const EvalFlags& flags, const Model& model) {
  if (!flags.data.name.empty()) return load_data_for(model, flags.data);
  if (!is_run_folder(flags.model))
    throw UsageError(cat("DATA is missing: '", flags.model,
                         "' is no folder of a run, which would know its own test rows"));
  return test_rows_of(flags.model);
}

int run(const EvalFlags& flags) {
  const Terminal out(flags.json ? stderr : stdout);
  if (flags.threads < 0 || flags.threads > 1024)
    throw UsageError(cat("--threads must be from 0 (all) to 1024, not ", flags.threads));
  join_ranks(kRankTimeout);
  const KnownModel known = load_known_model(model_file_of(flags.model));
  const Model& model = known.model;
  if (flags.min_accuracy && model.schema.task != Task::classification)
    throw UsageError("--min-accuracy needs a model of classes; this one predicts numbers");
  const Dataset data = rows_of(flags, model);
  // A model that was saved before it was trained has no names of its own.
  Schema schema = model.schema;
  if (schema.labels.empty()) schema.labels = data.class_names;
  out.labelled("model", describe_model(model));
  out.labelled("data", (flags.data.name.empty() ? "the run's test part   " : "") +
                           counted(data.rows(), "row") + "   " +
                           describe_rows(data, model.schema.task));
  for (const std::string& note : data.notes) out.labelled("note", note);

  const EvaluateOptions how{.threads = threads_of_rank(static_cast<int>(flags.threads)),
                            .exchange = joined_ranks()};
  const Unseen unseen = flags.data.name.empty() ? Unseen{} : unseen_rows(known.seen, data);
  if (!unseen.sentence.empty()) out.labelled("note", unseen.sentence);
  const Evaluation all = evaluate(model, data, how);
  const Evaluation e = unseen.some() ? evaluate(model, data.subset(unseen.rows), how) : all;
  print_result(out, e, schema);
  if (unseen.some()) {
    out.line();
    out.labelled("all rows", describe_result(all, schema) + ", flattered by the rows it has seen");
  }
  if (flags.json) {
    JsonObject json = evaluation_json(e, schema);
    json.add("seen_rows", unseen.seen);
    if (unseen.some()) json.add("all_rows", evaluation_json(all, schema));
    Terminal(stdout).line(json.str());
  }
  return accurate_enough(e.accuracy, flags.min_accuracy) ? kOk : kFailed;
}

}  // namespace

Command eval_command() {
  Command c;
  c.name = "eval";
  c.shared = true;
  c.usage = "MODEL DATA [flags]\n  chainrule eval RUN";
  c.summary = "measure a trained model on data";
  c.about =
      "Accuracy, loss, areas under curves, precision, recall and F1 of each class and the "
      "confusion "
      "matrix; for several labels the same of each; for numbers the errors in their unit and R². "
      "Of "
      "named data the test part is taken, of a file all rows. Rows that the model was trained or "
      "chosen on are known to it: the figures are those of the others. RUN alone, the folder of a "
      "run, is measured on the rows that it has kept for its test.";
  c.examples =
      "  chainrule eval run\n"
      "  chainrule eval run/model.safetensors digits\n"
      "  chainrule eval run/model.safetensors mnist --data ~/mnist --json\n"
      "  chainrule eval run/model.safetensors flowers.csv --min-accuracy 0.95\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<EvalFlags>();
    args.positional("MODEL", &flags->model, "a file written by train, or the folder of a run");
    args.positional("DATA", &flags->data.name, "as for train: a name, a file or a folder", false);
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
