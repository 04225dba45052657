// The flags of a run, kept in its folder so that it can be looked at again.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "cli/train_flags.h"

namespace chainrule::cli {

/// A word of the command line per line, DATA first; "" when a word has a line feed.
std::string run_flags_text(const std::vector<std::pair<std::string, std::string>>& given);

/// Is it a folder that holds the flags of a run, or the model of one, and no name of a set?
bool is_run_folder(const std::string& name);

/// The flags with which the run began, but for those in `given`. Throws DataError when they are not
/// there or cannot be read.
void read_run_flags(const std::filesystem::path& run,
                    const std::vector<std::pair<std::string, std::string>>& given,
                    TrainFlags& flags);

}  // namespace chainrule::cli
