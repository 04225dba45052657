// The two halves of chainrule explain: a formula, or a model on a batch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/load_data.h"
#include "cli/terminal.h"

namespace chainrule::cli {

struct ExplainFlags {
  std::vector<std::string> words;
  DataFlags data;
  std::string part = "train", at;
  std::int64_t batch = 100, seed = 1, steps = 100;
  bool in_float = false, values = false;
  // --update
  bool update = false;
  std::string optimizer = "adam";  // also of the run that --pictures shows
  std::optional<double> lr, momentum, weight_decay;
  double clip_norm = 0, clip_value = 0;
  std::int64_t after = 0;
  std::string svg, html, pictures;
  bool json = false;
};

int explain_formula(const ExplainFlags& flags);
int explain_model(const ExplainFlags& flags);
/// What one step does to the number that --at names: printed, and as JSON.
std::string explain_step(const Terminal& out, const ExplainFlags& flags, const Model& model,
                         const Dataset& data);

}  // namespace chainrule::cli
