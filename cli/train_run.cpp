#include "cli/train_run.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "chainrule/files/atomic_file.h"
#include "chainrule/train/evaluate.h"
#include "chainrule/train/fit.h"
#include "chainrule/train/tensorboard.h"
#include "cli/describe.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/ranks.h"
#include "cli/recipe.h"
#include "cli/row_weights.h"
#include "cli/run_files.h"
#include "cli/run_folder.h"
#include "cli/run_settings.h"
#include "cli/train_result.h"
#include "cli/watch.h"

namespace chainrule::cli {
namespace {

namespace fs = std::filesystem;

/// What happened, also in a run that ends with an exception.
class Recorder final : public Observer {
 public:
  void on_end(const History& h) override { history = h; }
  History history;
};

class Run {
 public:
  Run(TrainFlags flags, const Settings& given, const Terminal& out)
      : flags_(std::move(flags)), given_(without_process(given)), out_(out) {
    folder_.path = flags_.out;
  }
  Run(ResumedRun resumed, const Terminal& out) : Run(resumed.flags, resumed.given, out) {
    folder_.lock = std::move(resumed.lock);
    from_ = std::move(resumed.from);
    for (const std::string& sentence : resumed.skipped) say("skipped", sentence);
  }
  Run(const std::string& run, RunRecipe repeated, TrainFlags flags, const Settings& given,
      const Terminal& out)
      : Run(std::move(flags), given, out) {
    repeated_name_ = run;
    repeated_ = std::move(repeated);
  }

  int train() {
    check_train_flags(flags_);
    checkpoint_options(flags_, given_);  // what it refuses is told before anything takes time
    let_broken_pipes_fail();
    exchange_ = join_ranks(flags_.rank_timeout, [this] { return advice(); });
    std::optional<Model> start;
    if (!from_ && !flags_.start.empty()) start = Model::load(flags_.start);
    read_data(start ? &*start : from_ && !flags_.start.empty() ? &from_->model : nullptr);
    if (flags_.min_accuracy && !splits_.train.has_classes())
      throw UsageError("--min-accuracy needs classes; here numbers are learnt");
    FitOptions options = fit_options(flags_, splits_.train);
    if (from_) from_->expect_same(splits_, options);
    options.exchange = exchange_;
    options.threads = threads_of_rank(options.threads);
    const std::string begin = start ? parameters_mark(*start) : "";
    Model model = from_ ? std::move(from_->model)
                  : start
                      ? std::move(*start)
                      : make_model(flags_.model, splits_.train,
                                   static_cast<std::uint64_t>(flags_.seed), splits_.schema.task);
    recipe_ = recipe_of_run(given_, model, splits_, options);
    recipe_.start = begin;
    if (repeated_) expect_the_same();
    if (!from_ && rank_number() == 0) folder_ = make_run_folder(flags_.out, flags_.overwrite);
    introduce(model, options);
    const History history = fit_observed(model, options);
    return finish(model, history);
  }

 private:
  void say(const char* label, const std::string& text) const {
    if (!flags_.quiet) out_.labelled(label, text);
  }

  std::string resume_command() const {
    return "chainrule train --resume " + shell_word(folder_.path.string());
  }

  /// What can be done when a rank was lost.
  std::string advice() const {
    const std::optional<Checkpoint> last = newest_checkpoint(checkpoint_folder(folder_.path));
    if (!last) return "there is no checkpoint of this run (--checkpoint-every writes some)";
    return cat("the last checkpoint, after step ", last->state.step,
               ", is intact: ", resume_command(), " goes on from it, with any number of ranks");
  }

  /// `keeps`: a model whose schema the data follow.
  void read_data(const Model* keeps) {
    ProgressLine waiting(out_);
    if (!flags_.quiet) waiting.note("reading " + flags_.data.name + " …");
    try {
      splits_ = load_run_data(flags_, keeps);
    } catch (const DataError& e) {
      if (!from_ && !repeated_) throw;
      throw DataError(cat(e.what(), "; if the data have moved: chainrule train DATA ",
                          from_ ? "--resume " + shell_word(folder_.path.string())
                                : "--again " + shell_word(repeated_name_)));
    }
  }

  /// Data and first parameters are those of the run that is repeated; what else may differ is said.
  void expect_the_same() const {
    if (recipe_.data != repeated_->data)
      throw DataError(cat("the data are not those of the run '", repeated_name_, "': it had ",
                          repeated_->data, "; these are ", recipe_.data));
    if (recipe_.start != repeated_->start)
      throw DataError(cat("'", flags_.start, "' is not the model that the run '", repeated_name_,
                          "' began with"));
    if (const std::string other = difference_of(*repeated_, recipe_); !other.empty())
      say("note", cat("the bits may differ: '", repeated_name_, "' was made with ", other));
    if (repeated_->stopped != to_string(StopReason::finished) &&
        repeated_->stopped != to_string(StopReason::early))
      say("note",
          cat("'", repeated_name_, "' was ", repeated_->stopped, "; this run goes on to its end"));
  }

  void introduce(const Model& model, const FitOptions& options) const {
    say("data", describe_splits(splits_));
    for (const std::string& note : splits_.notes) say("note", note);
    say("model", describe_model(model));
    say("training", describe_training(flags_, options));
    if (from_) {
      say_resumed(options);
      if (const std::string note = from_->elsewhere(); !note.empty()) say("note", note);
    }
    if (!flags_.quiet) out_.line();
  }

  History fit_observed(Model& model, FitOptions& options) {
    TrainingWatch watch(out_);
    Recorder recorder;
    TrainFlags at = flags_;
    at.out = folder_.path.string();
    Checkpointer checkpointer(checkpoint_options(at, given_));
    options.observers = {&recorder};
    if (!flags_.quiet && rank_number() == 0) options.observers.push_back(&watch);
    if (rank_number() == 0) options.observers.push_back(&checkpointer);
    std::optional<TensorBoard> board;
    if (!flags_.tensorboard.empty() && rank_number() == 0)
      options.observers.push_back(&board.emplace(flags_.tensorboard));
    options.observers.push_back(&waits_);
    if (from_) options.resume = &from_->state;
    const InterruptGuard guard;
    options.stop = &InterruptGuard::mark();
    try {
      fit(model, splits_, options);
    } catch (const NumericError& e) {
      if (rank_number() > 0) throw;
      save(model, recorder.history, nullptr);
      throw NumericError(cat(e.what(), "; written to ", model_path(folder_.path).string()));
    } catch (const DataError& e) {
      if (!newest_checkpoint(checkpoint_folder(folder_.path))) throw;
      throw DataError(cat(e.what(), "; when that is mended, ", resume_command(),
                          " goes on from the last checkpoint"));
    }
    return recorder.history;
  }

  /// The threshold that finds most of both classes among the validation rows, if it is asked for.
  void choose_threshold(Model& model) const {
    if (flags_.threshold != "auto") return;
    const Dataset& rows = splits_.validation;
    const Predictions p = predict(model, rows, {.exchange = exchange_});
    model.schema.threshold = best_threshold_of(p.values, rows.classes);
    say("threshold", cat(compact(model.schema.threshold), " finds most of both classes among ",
                         counted(rows.rows(), "validation row")));
  }

  void say_resumed(const FitOptions& options) const {
    const std::int64_t step = from_->state.step;
    const Loader loader(splits_.train.rows(), {.batch = options.batch});
    const bool over =
        from_->ended == to_string(StopReason::early) ||
        step == (options.steps > 0 ? options.steps : options.epochs * loader.batches());
    if (over)
      say("resumed",
          cat("the run was over after ", counted(step, "step"), "; its files are written again"));
    else
      say("resumed", cat("after step ", grouped(step), ", in epoch ",
                         grouped(from_->state.loader.epoch + 1), ", from ", from_->file.string()));
  }

  std::vector<std::string> save(const Model& model, const History& history,
                                const Measured* measured) {
    recipe_.stopped = to_string(history.stopped);
    recipe_.parameters = parameters_mark(model);
    if (measured != nullptr) recipe_.result = results_of(*measured, history, model.schema.task);
    return write_run_files(folder_.path, model, history, recipe_,
                           rows_to_remember(flags_.data, splits_), splits_, measured);
  }

  int finish(Model& model, const History& history) {
    const EvaluateOptions how{.threads = threads_of_rank(static_cast<int>(flags_.threads)),
                              .exchange = exchange_};
    choose_threshold(model);
    const Measured measured = measure_parts(model, splits_, how);
    if (rank_number() > 0) return kOk;
    remember(model, "train", measured.train);
    if (measured.test.rows > 0) remember(model, "test", measured.test);
    const std::vector<std::string> written = save(model, history, &measured);

    if (!flags_.quiet) {
      out_.line();
      if (history.stopped == StopReason::interrupted)
        say("stopped", cat("interrupted after ", counted(history.steps, "step")));
      if (history.stopped == StopReason::paused)
        say("stopped", cat("paused after ", counted(history.steps, "step")));
      if (history.stopped == StopReason::early)
        say("stopped", cat("no improvement in ", counted(flags_.patience, "epoch")));
      const bool chosen = splits_.validation.rows() > 0 || flags_.patience > 0;
      say(chosen ? "best" : "result",
          cat(history.best_epoch > 0 ? cat("epoch ", history.best_epoch, ", ") : std::string(),
              measured.test.rows > 0 ? "test " : "training ",
              describe_result(measured.shown(), model.schema)));
      if (repeated_)
        say("again", cat(same_bits() ? "the same bits as " : "other bits than ", repeated_name_));
      if (exchange_ != nullptr) say("ranks", waits_.text());
      print_files(written);
      print_next(model, history.stopped);
    }
    if (flags_.json) print_json(model, history, measured);
    if (history.stopped == StopReason::interrupted) return kInterrupted;
    if (history.stopped == StopReason::paused) return kOk;
    return accurate_enough(measured.shown().accuracy, flags_.min_accuracy) ? kOk : kFailed;
  }

  bool same_bits() const { return repeated_->parameters == recipe_.parameters; }

  void print_files(const std::vector<std::string>& written) const {
    std::string text = shell_word(folder_.path.string()) + ":";
    for (const std::string& file : written) text += " " + fs::path(file).filename().string();
    say("wrote", text);
  }

  /// Commands that work as they are.
  void print_next(const Model& model, StopReason stopped) const {
    const std::string run = shell_word(folder_.path.string());
    std::string data = shell_word(flags_.data.name);
    if (!flags_.data.folder.empty()) data += " --data " + shell_word(flags_.data.folder);
    if (!flags_.data.labels.empty()) data += " --labels " + shell_word(flags_.data.labels);
    std::vector<std::string> commands;
    const bool over = stopped != StopReason::interrupted && stopped != StopReason::paused;
    const bool again = flags_.data.name != "-";  // standard input has been read
    if (!over) commands.push_back(resume_command());
    if (again && splits_.test.rows() > 0) commands.push_back("chainrule eval " + run);
    if (again && is_file(flags_.data.name) && model.schema.has_columns())
      commands.push_back("chainrule predict " + run + " " + shell_word(flags_.data.name));
    if (again) commands.push_back("chainrule explain " + run + " " + data);
    commands.push_back("chainrule inspect " + run);
    for (const std::string& command : commands)
      out_.command(&command == commands.data() ? "next" : "", command);
  }

  void print_json(const Model& model, const History& history, const Measured& measured) const {
    JsonObject json;
    add_result(json, "test", measured.test, model.schema.task);
    add_result(json, "validation", measured.validation, model.schema.task);
    add_result(json, "train", measured.train, model.schema.task);
    json.add("steps", history.steps)
        .add("epochs", history.epochs.empty() ? 0 : history.epochs.back().epoch)
        .add("best_epoch", history.best_epoch)
        .add("train_seconds", history.train_seconds)
        .add("resumed", from_ ? from_->state.step : 0)
        .add("stopped", std::string(to_string(history.stopped)))
        .add("parameters", model.params().trainable_count())
        .add("run", folder_.path.string())
        .add("model", model_path(folder_.path).string())
        .add("text", model.text())
        .add("ranks", exchange_ == nullptr ? 1 : exchange_->size())
        .add("step_ms", waits_.milliseconds_per_step())
        .add("wait_ms", waits_.waiting_per_step())
        .add("sent_bytes", waits_.bytes_per_step());
    if (repeated_) json.add("again", repeated_name_).add("same", same_bits());
    Terminal(stdout).line(json.str());
  }

  TrainFlags flags_;
  Settings given_;
  const Terminal& out_;
  Exchange* exchange_ = nullptr;  ///< of several ranks
  WaitWatch waits_;
  RunFolder folder_;
  std::optional<Checkpoint> from_;
  std::string repeated_name_;
  std::optional<RunRecipe> repeated_;
  RunRecipe recipe_;
  Splits splits_;
};

}  // namespace

int train(const TrainFlags& flags, const Settings& given, const Terminal& out) {
  return Run(flags, given, out).train();
}

int train(ResumedRun resumed, const Terminal& out) { return Run(std::move(resumed), out).train(); }

int train_again(const std::string& run, const Settings& given, const Terminal& out) {
  RunRecipe recipe = read_recipe(run);
  const Settings settings = merge_settings(recipe.given, given, Reuse::again);
  TrainFlags flags = flags_of(settings, run);
  return Run(run, std::move(recipe), std::move(flags), settings, out).train();
}

}  // namespace chainrule::cli
