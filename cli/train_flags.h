// The flags of chainrule train, and what they mean for fit().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/train/fit.h"
#include "cli/args.h"
#include "cli/load_data.h"
#include "cli/model_flags.h"

namespace chainrule::cli {

struct TrainFlags {
  DataFlags data;
  ModelFlags model;
  std::string optimizer = "adam", schedule = "constant";
  std::optional<double> lr, momentum, weight_decay, min_accuracy;
  std::int64_t seed = 1, batch = 0, epochs = 0, steps = 0, threads = 0, patience = 0;
  std::int64_t accumulate = 1;
  std::vector<std::string> freeze, groups;
  double clip_norm = 0, clip_value = 0, rank_timeout = 60;
  std::string out;
  std::string class_weight, threshold;
  bool json = false, quiet = false;
  // Of chainrule train alone:
  std::string resume, again, checkpoint_every, tensorboard, start;
  std::int64_t keep = 3, stop_after = 0, stop_after_steps = 0, seeds = 0;
  bool overwrite = false;
};

/// `data`: must there be a DATA?
void declare_train_flags(Args& args, TrainFlags& flags, bool data = true);

/// Finds what is wrong whatever the data are, before they are read. Throws Error.
void check_train_flags(const TrainFlags& flags);

/// How to train on these data; what the flags leave open is chosen by the kind of data.
FitOptions fit_options(const TrainFlags& flags, const Dataset& train);

/// "adam 0.001, batch 128, 5 epochs, 2 threads, seed 1"
std::string describe_training(const TrainFlags& flags, const FitOptions& options);

}  // namespace chainrule::cli
