#include "cli/repeat.h"

#include <string>
#include <vector>

#include "cli/describe.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/ranks.h"
#include "cli/recipe.h"
#include "cli/table.h"
#include "cli/train_result.h"
#include "cli/trial.h"

namespace chainrule::cli {
namespace {

constexpr std::int64_t kMostRepeats = 1000;

std::size_t repeats_of(const TrainFlags& flags) {
  if (flags.data.folds > 0 && flags.seeds > 0)
    throw UsageError("--folds and --seeds exclude each other");
  const bool folds = flags.data.folds > 0;
  const std::int64_t count = folds ? flags.data.folds : flags.seeds;
  if (count < 2 || count > kMostRepeats)
    throw UsageError(
        cat(folds ? "--folds" : "--seeds", " must be from 2 to ", kMostRepeats, ", not ", count));
  if (!flags.start.empty() || !flags.checkpoint_every.empty() || !flags.tensorboard.empty())
    throw UsageError(
        "--from, --checkpoint-every and --tensorboard are for one network, not several");
  return static_cast<std::size_t>(count);
}

/// What each network saw and reached.
struct Repeat {
  std::int64_t number;  ///< fold, from 1, or seed
  Trial trial;
};

void print_table(const Terminal& out, const std::vector<Repeat>& all, Task task, bool folds) {
  std::vector<ColumnStyle> columns = {{folds ? "fold" : "seed"}, {"best epoch"}};
  const bool validation = all[0].trial.measured.validation.rows > 0;
  const std::string figure = figure_of(task).name;
  if (validation) columns.push_back({"valid. " + figure});
  columns.push_back({"test " + figure});
  columns.push_back({"test loss"});
  columns.push_back({"time"});
  std::vector<std::vector<std::string>> rows;
  for (const Repeat& r : all) {
    const Measured& m = r.trial.measured;
    std::vector<std::string>& row = rows.emplace_back();
    row = {std::to_string(r.number), grouped(r.trial.best_epoch)};
    if (validation) row.push_back(figure_text(value_of(m.validation, task), task));
    row.push_back(figure_text(value_of(m.test, task), task));
    row.push_back(loss_text(m.test.loss));
    row.push_back(duration(r.trial.seconds));
  }
  Table::print(out, columns, rows);
}

void print_repeats_json(const std::vector<Repeat>& all, const Mean& mean, Task task, bool folds) {
  std::vector<JsonObject> items;
  for (const Repeat& r : all) {
    JsonObject& item = items.emplace_back();
    item.add(folds ? "fold" : "seed", r.number).add("rows", r.trial.measured.test.rows);
    add_result(item, "test", r.trial.measured.test, task);
    add_result(item, "validation", r.trial.measured.validation, task);
    item.add("best_epoch", r.trial.best_epoch).add("train_seconds", r.trial.seconds);
  }
  JsonObject json;
  json.add("measure", std::string("test_") + figure_of(task).name)
      .add("mean", mean.mean)
      .add("interval", std::vector<double>{mean.low, mean.high})
      .add("deviation", mean.deviation)
      .add(folds ? "folds" : "seeds", items);
  Terminal(stdout).line(json.str());
}

}  // namespace

int train_repeatedly(const TrainFlags& given, const Terminal& out) {
  check_train_flags(given);
  const std::size_t count = repeats_of(given);
  if (rank_number() > 0) return kOk;  // one process has enough networks for all its processors
  const bool folds = given.data.folds > 0;
  TrainFlags first = given;
  const Splits splits = load_run_data(first, nullptr);
  if (splits.test.rows() == 0)
    throw UsageError("there are no test rows to compare seeds by: leave out --test 0");
  const Task task = splits.full_schema().task;
  if (!given.quiet) {
    out.labelled("data", describe_splits(splits));
    for (const std::string& note : splits.notes) out.labelled("note", note);
    const Model model = make_model(given.model, splits.train, 1, task);
    out.labelled("model", describe_model(model));
    FitOptions options = fit_options(given, splits.train);
    options.threads = 1;
    out.labelled("training", describe_training(given, options) + " each");
    out.line();
  }
  std::vector<Repeat> all(count);
  {
    const InterruptGuard guard;
    side_by_side(count, static_cast<int>(given.threads), [&](std::size_t i) {
      TrainFlags flags = given;
      const auto number = static_cast<std::int64_t>(i);
      all[i].number = folds ? number + 1 : given.seed + number;
      if (folds) {
        flags.data.fold = number;
        const Splits own = load_run_data(flags, nullptr);
        all[i].trial = run_trial(flags, own, InterruptGuard::mark());
      } else {
        flags.seed = all[i].number;
        all[i].trial = run_trial(flags, splits, InterruptGuard::mark());
      }
      if (!all[i].trial.failure.empty())
        throw NumericError(
            cat(folds ? "fold " : "seed ", all[i].number, ": ", all[i].trial.failure));
    });
  }
  std::vector<double> values;
  for (const Repeat& r : all) values.push_back(value_of(r.trial.measured.test, task));
  const Mean mean = mean_of(values);
  if (!given.quiet) {
    print_table(out, all, task, folds);
    out.line();
    out.labelled("mean", cat("test ", figure_of(task).name, " ", figure_text(mean.mean, task),
                             ", 95 % interval ", figure_text(mean.low, task), " to ",
                             figure_text(mean.high, task), ", deviation ",
                             figure_text(mean.deviation, task)));
  }
  if (given.json) print_repeats_json(all, mean, task, folds);
  return accurate_enough(mean.mean, given.min_accuracy) ? kOk : kFailed;
}

}  // namespace chainrule::cli
