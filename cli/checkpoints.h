// The checkpoints of chainrule train: when they are written, and how a run goes on from one.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "chainrule/files/folder_lock.h"
#include "chainrule/train/checkpoint.h"
#include "cli/args.h"
#include "cli/train_flags.h"

namespace chainrule::cli {

/// All flags of chainrule train; --resume reads those of a checkpoint by the same declaration.
void declare_run_flags(Args& args, TrainFlags& flags);

/// Where the checkpoints of a run are.
std::filesystem::path checkpoint_folder(const std::filesystem::path& run);

/// When to write, and the flags with which the run can be repeated.
CheckpointOptions checkpoint_options(const TrainFlags& flags, const Settings& given);

/// Throws UsageError when the folder has checkpoints of a run that was to be resumable and is not
/// over, DataError when they cannot be read.
void refuse_unfinished(const std::filesystem::path& run);

/// A run that goes on.
struct ResumedRun {
  std::unique_ptr<FolderLock> lock;
  TrainFlags flags;
  Settings given;
  Checkpoint from;
  std::vector<std::string> skipped;  ///< a sentence for each newer checkpoint that is damaged
};

/// Opens the run in the folder --resume. Its flags are those with which it began, beside those of
/// `args` that leave it the same run; throws UsageError naming the first that would not.
ResumedRun resume_run(const std::string& folder, const Settings& given);

}  // namespace chainrule::cli
