// The two halves of chainrule explain: a formula, or a model on a batch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/load_data.h"

namespace chainrule::cli {

struct ExplainFlags {
  std::vector<std::string> words;
  DataFlags data;
  std::string part = "train", at;
  std::int64_t batch = 100, seed = 1, steps = 100;
  bool in_float = false;
  std::string svg, html;
  bool json = false;
};

int explain_formula(const ExplainFlags& flags);
int explain_model(const ExplainFlags& flags);

}  // namespace chainrule::cli
