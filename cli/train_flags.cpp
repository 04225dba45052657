#include "cli/train_flags.h"

#include <algorithm>
#include <charconv>

#include "chainrule/core/thread_pool.h"
#include "chainrule/optim/optimizers.h"
#include "chainrule/optim/schedule.h"
#include "cli/format.h"

namespace chainrule::cli {
namespace {

void check_numbers(const TrainFlags& f) {
  const auto at_least_0 = [](const char* flag, double value) {
    if (!(value >= 0)) throw UsageError(cat(flag, " cannot be ", value));
  };
  at_least_0("--batch", static_cast<double>(f.batch));
  if (f.accumulate < 1)
    throw UsageError(cat("--accumulate must be at least 1, not ", f.accumulate));
  at_least_0("--epochs", static_cast<double>(f.epochs));
  at_least_0("--steps", static_cast<double>(f.steps));
  at_least_0("--early-stopping", static_cast<double>(f.patience));
  at_least_0("--stop-after", static_cast<double>(f.stop_after));
  at_least_0("--stop-after-steps", static_cast<double>(f.stop_after_steps));
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

/// "fc2.*:lr=0.01,weight_decay=0": what differs from the other parameters.
ParamGroup group_of(const TrainFlags& f, const std::string& text, OptimizerSettings settings) {
  const auto wrong = [&](const std::string& why) {
    throw UsageError(
        cat("--group '", text, "' ", why, ", expected for example 'fc2.*:lr=0.01,weight_decay=0'"));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0) wrong("has no pattern and ':'");
  for (std::size_t begin = colon + 1; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const std::size_t equals = part.find('=');
    double value = 0;
    const char* const last = part.data() + part.size();
    const auto from = equals == part.npos ? part.size() : equals + 1;
    const auto read = std::from_chars(part.data() + from, last, value);
    if (equals == part.npos || equals == 0 || read.ec != std::errc() || read.ptr != last)
      wrong(cat("has '", part, "' where a setting is expected"));
    settings[part.substr(0, equals)] = value;
    begin = end + 1;
  }
  return {text.substr(0, colon), make_optimizer(f.optimizer, settings)};
}

OptimizerSettings settings_of(const TrainFlags& f, double default_lr) {
  OptimizerSettings settings;
  if (f.lr)
    settings["lr"] = *f.lr;
  else if (f.optimizer == "adam")
    settings["lr"] = default_lr;
  if (f.momentum) settings["momentum"] = *f.momentum;
  if (f.weight_decay) settings["weight_decay"] = *f.weight_decay;
  return settings;
}

Optimizer optimizer_of(const TrainFlags& f, double default_lr) {
  return make_optimizer(f.optimizer, settings_of(f, default_lr));
}

}  // namespace

void declare_train_flags(Args& args, TrainFlags& f, bool data) {
  args.positional("DATA", &f.data.name,
                  "a name of 'chainrule data list', a .csv or .npy file, or a folder with four "
                  "IDX files",
                  data);
  declare_data_flags(args, f.data, DataUse::train);
  args.group("Model");
  declare_model_flags(args, f.model);
  args.group("Training");
  args.flag("--optimizer", "NAME", &f.optimizer, joined(optimizer_names()));
  args.flag("--lr", "RATE", &f.lr, "learning rate; by default what suits the optimizer");
  args.flag("--momentum", "X", &f.momentum, "of momentum, nesterov, rmsprop");
  args.flag("--weight-decay", "X", &f.weight_decay, "each step shrinks the parameters");
  args.flag("--schedule", "TEXT", &f.schedule,
            "learning rate over time: constant, step:5:0.5, exponential:0.95, cosine, "
            "plateau:0.5:3, with 'warmup:500, ' before it for a warm-up");
  args.flag("--batch", "N", &f.batch, "rows per step; by default what suits the data");
  args.flag("--epochs", "N", &f.epochs, "passes over the data, or");
  args.flag("--steps", "N", &f.steps, "steps in all");
  args.flag("--accumulate", "N", &f.accumulate, "N batches make one step, in the memory of one");
  args.flag("--freeze", "PATTERN", &f.freeze,
            "parameters that are not trained, such as 'fc1.*'; may be repeated");
  args.flag("--group", "PATTERN:SETTINGS", &f.groups,
            "parameters with settings of their own, such as 'fc2.*:lr=0.01,weight_decay=0'; may be "
            "repeated");
  args.flag("--clip-norm", "X", &f.clip_norm, "limits the norm of all gradients");
  args.flag("--clip-value", "X", &f.clip_value, "limits each gradient");
  args.flag("--early-stopping", "N", &f.patience,
            "ends after N epochs without improvement, and keeps the best");
  args.flag("--class-weight", "TEXT", &f.class_weight,
            "balanced, so that each class counts as much, or weights such as yes=2,no=1");
  args.flag("--threshold", "P", &f.threshold,
            "two classes: the second is what is more probable than this; auto chooses it on the "
            "validation rows");
  args.flag("--seed", "N", &f.seed, "of the first weights, the order of rows and dropout");
  args.flag("--threads", "N", &f.threads, "0 for all; the result does not depend on it");
  args.flag("--rank-timeout", "SECONDS", &f.rank_timeout,
            "with mpirun: a rank that is silent for so long is given up");
  args.group("Output");
  args.flag("--out", "DIR", &f.out, "folder of the files of this run; by default run, run-2, ...");
  args.flag("--json", "", &f.json,
            "the result as one JSON object on standard output, all else on standard error");
  args.flag("--quiet", "", &f.quiet, "nothing but errors, and JSON if asked for");
  args.flag("--min-accuracy", "X", &f.min_accuracy,
            "exit code 1 when the test accuracy, from 0 to 1, is below X");
  args.config_file();
}

void check_train_flags(const TrainFlags& flags) {
  check_numbers(flags);
  check_model_flags(flags.model);
  optimizer_of(flags, 0.001);
  for (const std::string& group : flags.groups) group_of(flags, group, settings_of(flags, 0.001));
  Schedule::parse(flags.schedule);
}

FitOptions fit_options(const TrainFlags& flags, const Dataset& train) {
  const Pace pace = default_pace(train);
  FitOptions options;
  options.optimizer = optimizer_of(flags, pace.lr);
  options.frozen = flags.freeze;
  for (const std::string& group : flags.groups)
    options.groups.push_back(group_of(flags, group, settings_of(flags, pace.lr)));
  options.accumulate = flags.accumulate;
  options.schedule = Schedule::parse(flags.schedule);
  options.epochs = flags.epochs > 0 ? flags.epochs : pace.epochs;
  options.steps = flags.steps;
  options.batch = flags.batch > 0 ? flags.batch : pace.batch;
  options.seed = static_cast<std::uint64_t>(flags.seed);
  options.threads = static_cast<int>(flags.threads);
  options.clip_norm = flags.clip_norm;
  options.clip_value = flags.clip_value;
  options.patience = flags.patience;
  options.pause_after_epochs = flags.stop_after;
  options.pause_after_steps = flags.stop_after_steps;
  return options;
}

std::string describe_training(const TrainFlags& f, const FitOptions& options) {
  std::string text = cat(options.optimizer.name(), " ", options.optimizer.lr());
  if (f.momentum) text += cat(", momentum ", *f.momentum);
  if (f.weight_decay) text += cat(", weight decay ", *f.weight_decay);
  if (f.schedule != "constant") text += ", " + options.schedule.str();
  if (!f.freeze.empty()) text += cat(", frozen ", joined({f.freeze.begin(), f.freeze.end()}));
  if (!f.groups.empty()) text += cat(", groups ", joined({f.groups.begin(), f.groups.end()}));
  text += ", batch " + grouped(options.batch) +
          (f.accumulate > 1 ? cat(" x ", f.accumulate) : std::string()) + ", " +
          (options.steps > 0 ? counted(options.steps, "step") : counted(options.epochs, "epoch"));
  const int threads = options.threads > 0 ? options.threads : ThreadPool::available();
  return text + cat(", ", counted(threads, "thread"), ", seed ", options.seed);
}

}  // namespace chainrule::cli
