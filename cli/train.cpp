// chainrule train: from data to a model file.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chainrule/core/atomic_file.h"
#include "chainrule/core/json.h"
#include "chainrule/picture/border.h"
#include "chainrule/picture/curves.h"
#include "chainrule/train/evaluate.h"
#include "chainrule/train/fit.h"
#include "chainrule/train/tensorboard.h"
#include "cli/args.h"
#include "cli/checkpoints.h"
#include "cli/describe.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/load_data.h"
#include "cli/output_folder.h"
#include "cli/progress.h"
#include "cli/ranks.h"
#include "cli/row_weights.h"
#include "cli/run_flags.h"
#include "cli/terminal.h"
#include "cli/train_flags.h"
#include "cli/train_result.h"
#include "cli/watch.h"

namespace chainrule::cli {
namespace {

/// What happened, also in a run that ends with an exception.
class Recorder final : public Observer {
 public:
  void on_end(const History& h) override { history = h; }
  History history;
};

/// One run, from its flags to the files that it leaves.
class Run {
 public:
  Run(const TrainFlags& flags, Settings given, const Terminal& out)
      : flags_(flags),
        out_(out),
        folder_(flags_.out),
        given_flags_(run_flags_text(given)),
        checkpoints_(checkpoint_options(flags_, given)) {}
  /// One that goes on.
  Run(ResumedRun resumed, const Terminal& out) : Run(resumed.flags, resumed.given, out) {
    lock_ = std::move(resumed.lock);
    from_ = std::move(resumed.from);
    for (const std::string& sentence : resumed.skipped) say("skipped", sentence);
  }

  int train() {
    check_train_flags(flags_);
    let_broken_pipes_fail();
    exchange_ = join_ranks(flags_.rank_timeout, [this] { return advice(); });
    std::optional<Model> start;
    if (!from_ && !flags_.start.empty()) start = Model::load(flags_.start);
    read_data(start ? &*start : from_ && !flags_.start.empty() ? &from_->model : nullptr);
    weigh_classes(splits_, flags_.class_weight);
    set_threshold(splits_, flags_.threshold);
    if (flags_.min_accuracy && !splits_.train.has_classes())
      throw UsageError("--min-accuracy needs classes; here numbers are learnt");
    FitOptions options = fit_options(flags_, splits_.train);
    if (from_) from_->expect_same(splits_, options);
    options.exchange = exchange_;
    options.threads = threads_of_rank(options.threads);
    Model model = from_ ? std::move(from_->model)
                  : start
                      ? std::move(*start)
                      : make_model(flags_.model, splits_.train,
                                   static_cast<std::uint64_t>(flags_.seed), splits_.schema.task);
    if (!from_ && rank_number() == 0) prepare_folder();
    say("data", describe_splits(splits_));
    for (const std::string& note : splits_.notes) say("note", note);
    say("model", describe_model(model));
    say("training", describe_training(flags_, options));
    if (from_) {
      say_resumed(options);
      if (const std::string note = from_->elsewhere(); !note.empty()) say("note", note);
    }
    if (!flags_.quiet) out_.line();

    TrainingWatch watch(out_);
    Recorder recorder;
    Checkpointer checkpointer(checkpoints_);
    options.observers = {&recorder};
    if (!flags_.quiet && rank_number() == 0) options.observers.push_back(&watch);
    if (rank_number() == 0) options.observers.push_back(&checkpointer);
    std::optional<TensorBoard> board;
    if (!flags_.tensorboard.empty() && rank_number() == 0)
      options.observers.push_back(&board.emplace(flags_.tensorboard));
    options.observers.push_back(&waits_);
    if (from_) options.resume = &from_->state;
    {
      const InterruptGuard guard;
      options.stop = &InterruptGuard::mark();
      try {
        fit(model, splits_, options);
      } catch (const NumericError& e) {
        if (rank_number() > 0) throw;
        save(model, recorder.history);
        throw NumericError(cat(e.what(), "; written to ", model_path().string()));
      } catch (const DataError& e) {
        if (!newest_checkpoint(checkpoints_.folder)) throw;
        throw DataError(cat(e.what(), "; when that is mended, ", resume_command(),
                            " goes on from the last checkpoint"));
      }
    }
    return finish(model, recorder.history);
  }

 private:
  std::filesystem::path model_path() const { return folder_ / "model.safetensors"; }

  void say(const char* label, const std::string& text) const {
    if (!flags_.quiet) out_.labelled(label, text);
  }

  std::string resume_command() const {
    return "chainrule train --resume " + shell_word(folder_.string());
  }

  /// What can be done when a rank was lost.
  std::string advice() const {
    const std::optional<Checkpoint> last = newest_checkpoint(checkpoints_.folder);
    if (!last) return "there is no checkpoint of this run (--checkpoint-every writes some)";
    return cat("the last checkpoint, after step ", last->state.step,
               ", is intact: ", resume_command(), " goes on from it, with any number of ranks");
  }

  /// `keeps`: a model whose schema the data follow.
  void read_data(const Model* keeps) {
    ProgressLine waiting(out_);
    if (keeps != nullptr) flags_.data.keep = &keeps->schema;
    if (!flags_.quiet) waiting.note("reading " + flags_.data.name + " …");
    try {
      splits_ = load_data(flags_.data);
    } catch (const Error& e) {
      if (!from_) throw;
      throw DataError(cat(e.what(), "; if the data have moved: chainrule train DATA --resume ",
                          shell_word(folder_.string())));
    }
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

  void prepare_folder() {
    prepare_output_folder(folder_);
    lock_ = std::make_unique<FolderLock>(folder_);
    remove_leftovers(folder_);
    clear_checkpoints(folder_, flags_.overwrite);
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

  /// The files of a run; the confusion matrix when there is one, the border of two inputs.
  std::vector<std::string> save(Model& model, const History& history,
                                const Evaluation* shown = nullptr) const {
    std::vector<std::string> written = {model_path().string()};
    model.save(model_path());
    const auto write = [&](const char* name, const std::string& text) {
      write_file(folder_ / name, text);
      written.push_back((folder_ / name).string());
    };
    write("history.csv", history.csv());
    if (!given_flags_.empty()) write_file(folder_ / "flags.txt", given_flags_);
    write("curves.svg", curves_svg(history, flags_.data.name + ": " + model.text()));
    if (shown != nullptr && shown->confusion.classes() > 0)
      write("confusion.svg", confusion_svg(shown->confusion, model.schema.labels,
                                           flags_.data.name + ": " + model.text()));
    if (model.features().size() == 2 && splits_.train.has_classes())
      write("border.svg",
            border_picture(model, splits_.train, flags_.data.name + ": " + model.text()).str());
    return written;
  }

  int finish(Model& model, const History& history) {
    const EvaluateOptions how{.threads = threads_of_rank(static_cast<int>(flags_.threads)),
                              .exchange = exchange_};
    const bool has_test = splits_.test.rows() > 0;
    choose_threshold(model);
    const Evaluation train = evaluate(model, splits_.train, how);
    Evaluation test;
    if (has_test) test = evaluate(model, splits_.test, how);
    if (rank_number() > 0) return kOk;
    const Evaluation& shown = has_test ? test : train;
    remember(model, "train", train);
    if (has_test) remember(model, "test", test);
    const std::vector<std::string> written = save(model, history, &shown);

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
              has_test ? "test " : "training ", describe_result(shown, model.schema)));
      if (exchange_ != nullptr) say("ranks", waits_.text());
      print_files(written);
      print_next(model, history.stopped);
    }
    if (flags_.json) print_json(model, history, train, test);
    if (history.stopped == StopReason::interrupted) return kInterrupted;
    if (history.stopped == StopReason::paused) return kOk;
    return accurate_enough(shown.accuracy, flags_.min_accuracy) ? kOk : kFailed;
  }

  void print_files(const std::vector<std::string>& written) const {
    std::string text;
    for (const std::string& file : written) text += (text.empty() ? "" : "  ") + shell_word(file);
    say("wrote", text);
  }

  void print_next(const Model& model, StopReason stopped) const {
    const std::string file = shell_word(model_path().string());
    std::string data = shell_word(flags_.data.name);
    if (!flags_.data.folder.empty()) data += " --data " + shell_word(flags_.data.folder);
    if (!flags_.data.labels.empty()) data += " --labels " + shell_word(flags_.data.labels);
    const bool over = stopped != StopReason::interrupted && stopped != StopReason::paused;
    if (!over) say("next", resume_command());
    say(over ? "next" : "", "chainrule eval " + file + " " + data);
    say("", "chainrule predict " + file + " " +
                (model.schema.picture().rank() > 0 ? "picture.png" : "rows.csv"));
    say("", "chainrule explain " + file + " " + data);
  }

  void print_json(const Model& model, const History& history, const Evaluation& train,
                  const Evaluation& test) const {
    JsonObject json;
    add_result(json, "test", test, model.schema.task);
    add_result(json, "train", train, model.schema.task);
    json.add("steps", history.steps)
        .add("epochs", history.epochs.empty() ? 0 : history.epochs.back().epoch)
        .add("best_epoch", history.best_epoch)
        .add("train_seconds", history.train_seconds)
        .add("resumed", from_ ? from_->state.step : 0)
        .add("stopped", std::string(to_string(history.stopped)))
        .add("parameters", model.params().trainable_count())
        .add("model", model_path().string())
        .add("text", model.text())
        .add("ranks", exchange_ == nullptr ? 1 : exchange_->size())
        .add("step_ms", waits_.milliseconds_per_step())
        .add("wait_ms", waits_.waiting_per_step())
        .add("sent_bytes", waits_.bytes_per_step());
    Terminal(stdout).line(json.str());
  }

  TrainFlags flags_;
  const Terminal& out_;
  Exchange* exchange_ = nullptr;  ///< of several ranks
  WaitWatch waits_;
  std::filesystem::path folder_;
  std::string given_flags_;  ///< as doctor reads them again
  CheckpointOptions checkpoints_;
  std::unique_ptr<FolderLock> lock_;
  std::optional<Checkpoint> from_;
  Splits splits_;
};

}  // namespace

Command train_command() {
  Command c;
  c.name = "train";
  c.shared = true;
  c.usage = "DATA [flags]\n  chainrule train --resume DIR";
  c.summary = "train a network and write it to a file";
  c.about =
      "Shows the data, the model and a row per epoch; writes the model, its learning curves and "
      "the confusion matrix to a folder. With validation rows, the parameters of the epoch with "
      "the "
      "least validation loss are kept. Test rows decide nothing.\n"
      "Ctrl-C ends training after the running step and writes what is best so far; --resume goes "
      "on "
      "from there, and after a crash from the last checkpoint.";
  c.notes_title = "Layers of --model";
  for (const HelpLine& layer : layer_help()) c.notes.emplace_back(layer.usage, layer.text);
  c.examples =
      "  chainrule train digits\n"
      "  chainrule train mnist --data ~/mnist --model 'linear 50, relu, linear 10' \\\n"
      "      --init normal:0.01 --optimizer sgd --lr 0.1 --batch 100 --steps 10000\n"
      "  chainrule train flowers.csv --target species --validation 0.2 --early-stopping 10\n"
      "  chainrule train x.npy --labels y.npy --json | tail -n 1\n"
      "  chainrule train digits --out run --checkpoint-every 500\n"
      "  chainrule train --resume run\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<TrainFlags>();
    declare_run_flags(args, *flags);
    return [flags, &args] {
      if (!flags->start.empty())
        for (const char* flag : {"--model", "--hidden", "--init", "--loss", "--l1", "--l2"})
          if (args.given(flag))
            throw UsageError(
                cat("--from and ", flag, " exclude each other: the model has its own"));
      if (flags->data.refit && flags->start.empty())
        throw UsageError("--refit is for --from: a new model is fitted to its rows anyway");
      const Terminal out(flags->json ? stderr : stdout);
      if (!flags->resume.empty()) return Run(resume_run(flags->resume, args.given()), out).train();
      if (flags->data.name.empty())
        throw UsageError("DATA is missing: chainrule train --help shows how");
      return Run(*flags, args.given(), out).train();
    };
  };
  return c;
}

}  // namespace chainrule::cli
