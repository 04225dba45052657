// One run of chainrule train, from its flags to the files that it leaves. All return the exit code.
#pragma once

#include <string>

#include "cli/checkpoints.h"
#include "cli/terminal.h"
#include "cli/train_flags.h"

namespace chainrule::cli {

/// A new run. `given`: the flags as they were given.
int train(const TrainFlags& flags, const Settings& given, const Terminal& out);
/// One that goes on.
int train(ResumedRun resumed, const Terminal& out);
/// The run in that folder once more; says whether its bits are the same. Throws DataError when the
/// data, or the model that it began with, are others.
int train_again(const std::string& run, const Settings& given, const Terminal& out);

}  // namespace chainrule::cli
