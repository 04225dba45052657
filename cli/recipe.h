// What a run's recipe means to the commands that look at the run again.
#pragma once

#include <string>

#include "chainrule/train/run_recipe.h"
#include "cli/train_flags.h"

namespace chainrule::cli {

/// Is it a folder that holds the recipe of a run, or the model of one, and no name of a set?
bool is_run_folder(const std::string& name);

/// MODEL on a command line: a model file, or the folder of a run that has one.
std::string model_file_of(const std::string& name);

/// The flags of chainrule train that settings stand for. Throws UsageError.
TrainFlags flags_of(const Settings& settings);

/// The same for those of a recipe. Throws DataError naming it when they no longer mean anything.
TrainFlags flags_of(const Settings& settings, const std::string& run);

/// The flags with which the run in that folder began, but for those in `given`, with the folder for
/// what doctor draws. Throws DataError when they cannot be read.
TrainFlags flags_for_doctor(const std::string& run, const Settings& given);

/// The data of `flags` as a run sees them: classes weighed, the threshold noted. `start`: the model
/// of --from, whose schema they follow, or null.
Splits load_run_data(TrainFlags& flags, const Model* start);

/// The rows that a run has kept for its test, read again, with the same split. Throws DataError
/// when there are none, or the data are others than those of the run.
Dataset test_rows_of(const std::string& run);

/// Rows of `data` that a model may be measured on.
struct Unseen {
  std::vector<std::int32_t> rows;  ///< that it was not trained on
  Index seen = 0;                  ///< the others
  std::string sentence;            ///< what a person must know; "" when no row was seen
  /// Are there both kinds?
  bool some() const { return seen > 0 && !rows.empty(); }
};
Unseen unseen_rows(const SeenRows& seen, const Dataset& data);

/// Should the model remember the rows of this data? When `eval` may meet them again: they come from
/// files that have no test part of their own.
SeenRows rows_to_remember(const DataFlags& flags, const Splits& splits);

}  // namespace chainrule::cli
