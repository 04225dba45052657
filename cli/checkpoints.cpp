#include "cli/checkpoints.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "chainrule/files/atomic_file.h"
#include "cli/format.h"
#include "cli/ranks.h"
#include "cli/run_settings.h"

namespace chainrule::cli {
namespace {

namespace fs = std::filesystem;

bool has(const Settings& settings, std::string_view name) {
  return std::any_of(settings.begin(), settings.end(),
                     [&](const auto& pair) { return pair.first == name; });
}

bool depends_on_length(const TrainFlags& flags) {
  return flags.schedule.find("cosine") != std::string::npos;
}

}  // namespace

void declare_run_flags(Args& args, TrainFlags& f) {
  declare_train_flags(args, f, false);
  args.group("Checkpoints");
  args.flag("--checkpoint-every", "N", &f.checkpoint_every,
            "every N steps, or 'epoch': writes all that the run needs to go on after a crash");
  args.flag("--keep", "N", &f.keep, "the last N checkpoints stay");
  args.flag("--resume", "DIR", &f.resume,
            "goes on with the run in DIR from its last checkpoint, to the bit; DATA and flags are "
            "known from there");
  args.flag("--stop-after", "N", &f.stop_after, "pauses after N more epochs, for --resume");
  args.flag("--stop-after-steps", "N", &f.stop_after_steps, "the same after N more steps");
  args.flag("--overwrite", "", &f.overwrite, "begins anew in a folder that holds a run");
  args.group("How good is it, and how sure?");
  args.flag("--folds", "K", &f.data.folds,
            "trains K networks, each tested on another K-th of the rows, one per processor; no "
            "model is kept");
  args.flag("--seeds", "N", &f.seeds,
            "trains N networks with seeds from --seed on; no model is kept");
  args.group("More");
  args.flag("--again", "RUN", &f.again,
            "repeats the run in the folder RUN to the bit; DATA and flags are known from there");
  args.flag("--from", "MODEL", &f.start,
            "begins with a model file's network, parameters and schema instead of a new one's: one "
            "that was imported, or trained on other rows; columns are bound by name");
  args.flag("--refit", "", &f.data.refit,
            "with --from: scales by the new rows instead of as before");
  args.flag("--tensorboard", "DIR", &f.tensorboard,
            "writes losses, accuracies and the learning rate to an event file in DIR as they come");
}

fs::path checkpoint_folder(const fs::path& run) { return run / "checkpoints"; }

CheckpointOptions checkpoint_options(const TrainFlags& flags, const Settings& given) {
  CheckpointOptions options{.folder = checkpoint_folder(flags.out)};
  const std::string& every = flags.checkpoint_every;
  if (every == "epoch") {
    options.each_epoch = true;
  } else if (!every.empty()) {
    const auto [end, error] =
        std::from_chars(every.data(), every.data() + every.size(), options.every);
    if (error != std::errc{} || end != every.data() + every.size() || options.every < 1)
      throw UsageError(cat("--checkpoint-every expects a number of steps from 1, or 'epoch', not '",
                           every, "'"));
  }
  constexpr std::int64_t kMost = 1'000'000;
  if (flags.keep < 1 || flags.keep > kMost)
    throw UsageError(cat("--keep must be at least 1, not ", flags.keep));
  options.keep = static_cast<int>(flags.keep);
  options.settings = without_process(given);
  return options;
}

void refuse_unfinished(const fs::path& run) {
  std::vector<std::string> unreadable;
  const std::optional<Checkpoint> last = newest_checkpoint(checkpoint_folder(run), &unreadable);
  const std::string advice = cat("; --overwrite begins anew, or use another folder with --out");
  if (last && last->ended.empty() && has(last->settings, "--checkpoint-every"))
    throw UsageError(cat("'", run.string(), "' holds a run that is not over (step ",
                         grouped(last->state.step), " of ", grouped(last->steps),
                         "): chainrule train --resume ", shell_word(run.string()),
                         " goes on with it", advice));
  if (!last && !unreadable.empty()) throw DataError(unreadable.front() + advice);
}

ResumedRun resume_run(const std::string& run, const Settings& given) {
  std::error_code unknown;
  const fs::path folder = checkpoint_folder(run);
  if (!fs::is_directory(folder, unknown))
    throw DataError(cat("there is nothing to resume: '", folder.string(),
                        "' is no folder; chainrule train writes it with --checkpoint-every, and "
                        "when it is interrupted"));
  std::unique_ptr<FolderLock> lock;
  if (rank_number() == 0) {
    lock = std::make_unique<FolderLock>(run);
    remove_leftovers(run);
    remove_leftovers(folder);
  }
  std::vector<std::string> skipped;
  std::optional<Checkpoint> last = newest_checkpoint(folder, &skipped);
  if (!last)
    throw DataError(skipped.empty()
                        ? cat("there is nothing to resume: '", folder.string(), "' is empty")
                        : skipped.front() + "; no other checkpoint is there");

  TrainFlags flags;
  Args args;
  declare_run_flags(args, flags);
  args.parse("train", words_of(merge_settings(last->settings, given, Reuse::resume)));
  flags.out = run;
  const bool longer = std::any_of(given.begin(), given.end(), [&](const auto& setting) {
    return is_length(setting.first) &&
           std::find(last->settings.begin(), last->settings.end(), setting) == last->settings.end();
  });
  if (longer && depends_on_length(flags))
    throw UsageError(cat("the run cannot be made longer or shorter: the schedule '", flags.schedule,
                         "' was laid out for ", grouped(last->steps), " steps"));
  return {std::move(lock), flags, args.given(), std::move(*last), std::move(skipped)};
}

}  // namespace chainrule::cli
