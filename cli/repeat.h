// chainrule train --folds K and --seeds N: how good a way of training is, with an interval.
#pragma once

#include "cli/terminal.h"
#include "cli/train_flags.h"

namespace chainrule::cli {

/// Trains a network per fold, or per seed, and prints each and the mean. No model is kept. Returns
/// the exit code.
int train_repeatedly(const TrainFlags& flags, const Terminal& out);

}  // namespace chainrule::cli
