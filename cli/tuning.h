// One search of chainrule tune.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chainrule/train/checkpoint.h"
#include "cli/terminal.h"
#include "cli/train_flags.h"

namespace chainrule::cli {

struct TuneFlags {
  TrainFlags train;
  std::string budget, resume;
  std::int64_t trials = 0;
  std::vector<std::string> choices;
};

/// Searches, prints the table, trains the winner again. `given`: all flags as they were given.
/// Returns the exit code.
int tune(const TuneFlags& flags, Settings given, const Terminal& out);

}  // namespace chainrule::cli
