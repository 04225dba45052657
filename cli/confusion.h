// A confusion matrix for the terminal.
#pragma once

#include <string>
#include <vector>

#include "chainrule/train/metrics.h"
#include "cli/terminal.h"

namespace chainrule::cli {

/// As a square when the window is wide enough, and the most frequent confusions in words.
void print_confusion(const Terminal& out, const Confusion& confusion,
                     const std::vector<std::string>& names);

}  // namespace chainrule::cli
