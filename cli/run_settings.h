// The flags of a run, as they were given, when the run goes on or is repeated.
#pragma once

#include <string>
#include <vector>

#include "chainrule/train/checkpoint.h"

namespace chainrule::cli {

/// resume: the same run, perhaps longer. again: a run of its own, of the same length.
enum class Reuse { resume, again };

/// The settings with which the run began, with what is given now in their place. Throws UsageError
/// naming the first that would make it another run.
Settings merge_settings(const Settings& saved, const Settings& now, Reuse how);

/// Those that decide about the bits of the run or say where its data are.
Settings without_process(const Settings& given);

/// Is this one of --epochs and --steps?
bool is_length(const std::string& name);

/// The command line that says the same.
std::vector<std::string> words_of(const Settings& settings);

}  // namespace chainrule::cli
