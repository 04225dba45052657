// chainrule train: from data to a model file.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/args.h"
#include "cli/describe.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/load_data.h"
#include "cli/model_flags.h"
#include "cli/output_folder.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/watch.h"

#include "chainrule/core/atomic_file.h"
#include "chainrule/optim/optimizers.h"
#include "chainrule/optim/schedule.h"
#include "chainrule/train/curves.h"
#include "chainrule/train/evaluate.h"
#include "chainrule/train/fit.h"

namespace chainrule::cli {
namespace {

struct TrainFlags {
  DataFlags data;
  ModelFlags model;
  std::string optimizer = "adam", schedule = "constant";
  std::optional<double> lr, momentum, weight_decay, min_accuracy;
  std::int64_t seed = 1, batch = 0, epochs = 0, steps = 0, threads = 0, patience = 0;
  double clip_norm = 0, clip_value = 0;
  std::string out = "run";
  bool json = false, quiet = false;
};

void check_numbers(const TrainFlags& f) {
  const auto at_least_0 = [](const char* flag, double value) {
    if (!(value >= 0)) throw UsageError(cat(flag, " cannot be ", value));
  };
  at_least_0("--batch", static_cast<double>(f.batch));
  at_least_0("--epochs", static_cast<double>(f.epochs));
  at_least_0("--steps", static_cast<double>(f.steps));
  at_least_0("--early-stopping", static_cast<double>(f.patience));
  at_least_0("--clip-norm", f.clip_norm);
  at_least_0("--clip-value", f.clip_value);
  if (f.lr && !(*f.lr > 0)) throw UsageError(cat("--lr must be above 0, not ", *f.lr));
  if (f.threads < 0 || f.threads > 1024)
    throw UsageError(cat("--threads must be from 0 (all) to 1024, not ", f.threads));
  if (f.steps > 0 && f.epochs > 0) throw UsageError("--epochs and --steps exclude each other");
}

/// How long, how fast and in which portions, where the flags leave it open.
struct Pace {
  Index batch, epochs;
  double lr;  ///< of Adam
};

Pace default_pace(const Dataset& train) {
  if (train.image.rank() > 0) return {128, 5, 0.001};
  if (train.rows() <= 8) return {train.rows(), 500, 0.05};  // AND, OR, XOR
  // A table: about 4,000 steps, but no more than 200 and no fewer than 5 epochs.
  const Index batch = 32;
  return {batch, std::clamp<Index>(4000 * batch / train.rows(), 5, 200), 0.005};
}

Optimizer optimizer_of(const TrainFlags& f, double default_lr) {
  OptimizerSettings settings;
  if (f.lr)
    settings["lr"] = *f.lr;
  else if (f.optimizer == "adam")
    settings["lr"] = default_lr;
  if (f.momentum) settings["momentum"] = *f.momentum;
  if (f.weight_decay) settings["weight_decay"] = *f.weight_decay;
  return make_optimizer(f.optimizer, settings);
}

std::string describe_training(const TrainFlags& f, const FitOptions& options) {
  std::string text = cat(options.optimizer.name(), " ", options.optimizer.lr());
  if (f.momentum) text += cat(", momentum ", *f.momentum);
  if (f.weight_decay) text += cat(", weight decay ", *f.weight_decay);
  if (f.schedule != "constant") text += ", " + options.schedule.str();
  text += ", batch " + grouped(options.batch) + ", " +
          (options.steps > 0 ? counted(options.steps, "step") : counted(options.epochs, "epoch"));
  const int threads = options.threads > 0 ? options.threads : ThreadPool::available();
  return text + cat(", ", counted(threads, "thread"), ", seed ", options.seed);
}

std::string describe_result(const Evaluation& e) {
  std::string text = "loss " + loss_text(e.loss);
  if (e.confusion.classes() > 0) return "accuracy " + percent(e.accuracy) + ", " + text;
  return text + ", mean absolute error " + compact(e.mae) + ", R² " + fixed(e.r2, 4);
}

void remember(Model& model, const char* part, const Evaluation& e) {
  const std::string prefix = std::string(part) + "_";
  model.metrics[prefix + "loss"] = e.loss;
  if (e.confusion.classes() > 0)
    model.metrics[prefix + "accuracy"] = e.accuracy;
  else
    model.metrics[prefix + "mse"] = e.mse;
}

void add_result(JsonObject& json, const std::string& part, const Evaluation& e, bool classes) {
  json.add(part + "_loss", e.loss);
  if (classes)
    json.add(part + "_accuracy", e.accuracy);
  else
    json.add(part + "_mse", e.mse).add(part + "_mae", e.mae).add(part + "_r2", e.r2);
}

/// What happened, also in a run that ends with an exception.
class Recorder final : public Observer {
 public:
  void on_end(const History& h) override { history = h; }
  History history;
};

/// One run, from its flags to the files that it leaves.
class Run {
 public:
  Run(const TrainFlags& flags, const Terminal& out)
      : flags_(flags), out_(out), folder_(flags.out) {}

  int train() {
    check_numbers(flags_);
    check_model_flags(flags_.model);
    optimizer_of(flags_, 0.001);
    FitOptions options;
    options.schedule = Schedule::parse(flags_.schedule);

    read_data();
    if (flags_.min_accuracy && !splits_.train.has_classes())
      throw UsageError("--min-accuracy needs classes; here numbers are learnt");
    const auto seed = static_cast<std::uint64_t>(flags_.seed);
    Model model = make_model(flags_.model, splits_.train, seed);
    prepare_output_folder(folder_);
    say("data", describe_splits(splits_));
    say("model", describe_model(model));

    const Pace pace = default_pace(splits_.train);
    options.optimizer = optimizer_of(flags_, pace.lr);
    options.epochs = flags_.epochs > 0 ? flags_.epochs : pace.epochs;
    options.steps = flags_.steps;
    options.batch = flags_.batch > 0 ? flags_.batch : pace.batch;
    options.seed = seed;
    options.threads = static_cast<int>(flags_.threads);
    options.clip_norm = flags_.clip_norm;
    options.clip_value = flags_.clip_value;
    options.patience = flags_.patience;
    say("training", describe_training(flags_, options));
    if (!flags_.quiet) out_.line();

    TrainingWatch watch(out_);
    Recorder recorder;
    options.observers = {&recorder};
    if (!flags_.quiet) options.observers.push_back(&watch);
    {
      const InterruptGuard guard;
      options.stop = &InterruptGuard::mark();
      try {
        fit(model, splits_, options);
      } catch (const NumericError& e) {
        save(model, recorder.history);
        throw NumericError(cat(e.what(), "; written to ", model_path().string()));
      }
    }
    return finish(model, recorder.history);
  }

 private:
  std::filesystem::path model_path() const { return folder_ / "model.safetensors"; }

  void say(const char* label, const std::string& text) const {
    if (!flags_.quiet) out_.labelled(label, text);
  }

  void read_data() {
    ProgressLine waiting(out_);
    if (!flags_.quiet) waiting.note("reading " + flags_.data.name + " …");
    splits_ = load_data(flags_.data);
  }

  /// The files of a run; the confusion matrix when there is one.
  std::vector<std::string> save(Model& model, const History& history,
                                const Evaluation* shown = nullptr) const {
    std::vector<std::string> written = {model_path().string()};
    model.save(model_path());
    const auto write = [&](const char* name, const std::string& text) {
      write_file(folder_ / name, text);
      written.push_back((folder_ / name).string());
    };
    write("history.csv", history.csv());
    write("curves.svg", curves_svg(history, flags_.data.name + ": " + model.text()));
    if (shown != nullptr && shown->confusion.classes() > 0)
      write("confusion.svg", confusion_svg(shown->confusion, model.class_names,
                                           flags_.data.name + ": " + model.text()));
    return written;
  }

  int finish(Model& model, const History& history) const {
    const EvaluateOptions how{.threads = static_cast<int>(flags_.threads)};
    const bool has_test = splits_.test.rows() > 0;
    const Evaluation train = evaluate(model, splits_.train, how);
    Evaluation test;
    if (has_test) test = evaluate(model, splits_.test, how);
    const Evaluation& shown = has_test ? test : train;
    remember(model, "train", train);
    if (has_test) remember(model, "test", test);
    const std::vector<std::string> written = save(model, history, &shown);

    if (!flags_.quiet) {
      out_.line();
      if (history.stopped == StopReason::interrupted)
        say("stopped", cat("interrupted after ", counted(history.steps, "step")));
      if (history.stopped == StopReason::early)
        say("stopped", cat("no improvement in ", counted(flags_.patience, "epoch")));
      const bool chosen = splits_.validation.rows() > 0 || flags_.patience > 0;
      say(chosen ? "best" : "result",
          cat(history.best_epoch > 0 ? cat("epoch ", history.best_epoch, ", ") : std::string(),
              has_test ? "test " : "training ", describe_result(shown)));
      print_files(written);
      print_next(model);
    }
    if (flags_.json) print_json(model, history, train, test);
    if (history.stopped == StopReason::interrupted) return kInterrupted;
    return accurate_enough(shown.accuracy, flags_.min_accuracy) ? kOk : kFailed;
  }

  void print_files(const std::vector<std::string>& written) const {
    std::string text;
    for (const std::string& file : written) text += (text.empty() ? "" : "  ") + shell_word(file);
    say("wrote", text);
  }

  void print_next(const Model& model) const {
    const std::string file = shell_word(model_path().string());
    std::string data = shell_word(flags_.data.name);
    if (!flags_.data.folder.empty()) data += " --data " + shell_word(flags_.data.folder);
    if (!flags_.data.labels.empty()) data += " --labels " + shell_word(flags_.data.labels);
    say("next", "chainrule eval " + file + " " + data);
    say("", "chainrule predict " + file + " " +
                (model.preprocess.image.rank() > 0 ? "picture.png" : "rows.csv"));
  }

  void print_json(const Model& model, const History& history, const Evaluation& train,
                  const Evaluation& test) const {
    const bool classes = splits_.train.has_classes();
    JsonObject json;
    add_result(json, "test", test, classes);
    add_result(json, "train", train, classes);
    json.add("steps", history.steps)
        .add("epochs", history.epochs.size())
        .add("best_epoch", history.best_epoch)
        .add("train_seconds", history.train_seconds)
        .add("stopped", std::string(to_string(history.stopped)))
        .add("parameters", model.params().trainable_count())
        .add("model", model_path().string())
        .add("text", model.text());
    Terminal(stdout).line(json.str());
  }

  const TrainFlags& flags_;
  const Terminal& out_;
  std::filesystem::path folder_;
  Splits splits_;
};

}  // namespace

Command train_command() {
  Command c;
  c.name = "train";
  c.usage = "DATA [flags]";
  c.summary = "train a network and write it to a file";
  c.about =
      "Shows the data, the model and a row per epoch; writes the model, its learning curves and "
      "the "
      "confusion matrix to a folder. With validation rows, the parameters of the epoch with the "
      "least validation loss are kept. Test rows decide nothing.\n"
      "Ctrl-C ends training after the running step and writes what is best so far.";
  c.notes_title = "Layers of --model";
  for (const HelpLine& layer : layer_help()) c.notes.emplace_back(layer.usage, layer.text);
  c.examples =
      "  chainrule train digits\n"
      "  chainrule train mnist --data ~/mnist --model 'linear 50, relu, linear 10' --init "
      "normal:0.01 \\\n"
      "      --optimizer sgd --lr 0.1 --batch 100 --steps 10000\n"
      "  chainrule train flowers.csv --target species --hidden 16 --early-stopping 10 --validation "
      "0.2\n"
      "  chainrule train x.npy --labels y.npy --json | tail -n 1\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<TrainFlags>();
    args.positional("DATA", &flags->data.name,
                    "a name of 'chainrule data list', a .csv or .npy file, or a folder with four "
                    "IDX files");
    declare_data_flags(args, flags->data, DataUse::train);
    args.group("Model");
    declare_model_flags(args, flags->model);
    args.group("Training");
    args.flag("--optimizer", "NAME", &flags->optimizer, joined(optimizer_names()));
    args.flag("--lr", "RATE", &flags->lr, "learning rate; by default what suits the optimizer");
    args.flag("--momentum", "X", &flags->momentum, "of momentum, nesterov, rmsprop");
    args.flag("--weight-decay", "X", &flags->weight_decay, "each step shrinks the parameters");
    args.flag("--schedule", "TEXT", &flags->schedule,
              "learning rate over time: constant, step:5:0.5, exponential:0.95, cosine, "
              "plateau:0.5:3, with 'warmup:500, ' before it for a warm-up");
    args.flag("--batch", "N", &flags->batch, "rows per step; by default what suits the data");
    args.flag("--epochs", "N", &flags->epochs, "passes over the data, or");
    args.flag("--steps", "N", &flags->steps, "steps in all");
    args.flag("--clip-norm", "X", &flags->clip_norm, "limits the norm of all gradients");
    args.flag("--clip-value", "X", &flags->clip_value, "limits each gradient");
    args.flag("--early-stopping", "N", &flags->patience,
              "ends after N epochs without improvement, and keeps the best");
    args.flag("--seed", "N", &flags->seed, "of the first weights, the order of rows and dropout");
    args.flag("--threads", "N", &flags->threads, "0 for all; the result does not depend on it");
    args.group("Output");
    args.flag("--out", "DIR", &flags->out, "folder of the files of this run");
    args.flag("--json", "", &flags->json,
              "the result as one JSON object on standard output, all else on standard error");
    args.flag("--quiet", "", &flags->quiet, "nothing but errors, and JSON if asked for");
    args.flag("--min-accuracy", "X", &flags->min_accuracy,
              "exit code 1 when the test accuracy, from 0 to 1, is below X");
    args.config_file();
    return [flags] {
      const Terminal out(flags->json ? stderr : stdout);
      return Run(*flags, out).train();
    };
  };
  return c;
}

}  // namespace chainrule::cli
