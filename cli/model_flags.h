// The network by the flags that describe it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/model/model.h"
#include "cli/args.h"

namespace chainrule::cli {

struct ModelFlags {
  std::string text;    ///< --model
  std::string hidden;  ///< --hidden
  std::string loss, init;
  std::vector<std::string> l1, l2;
  double label_smoothing = 0;
};

void declare_model_flags(Args& args, ModelFlags& flags);

/// Finds what is wrong whatever the data are, before they are read. Throws Error.
void check_model_flags(const ModelFlags& flags);

/// What the flags say, without --model, --hidden and --loss.
ModelOptions model_options(const ModelFlags& flags, std::uint64_t seed);

/// The model that the flags describe, for these data: a default where they say nothing, the loss
/// that suits the task. Throws Error when the last layer does not fit the data.
Model make_model(const ModelFlags& flags, const Dataset& data, std::uint64_t seed,
                 Task task = Task::automatic);

}  // namespace chainrule::cli
