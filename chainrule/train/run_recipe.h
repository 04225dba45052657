// How a run was made and what came of it, so that it can be repeated, measured and compared.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "chainrule/data/dataset.h"
#include "chainrule/model/model.h"
#include "chainrule/train/checkpoint.h"
#include "chainrule/train/fit.h"
#include "chainrule/train/seen_rows.h"

namespace chainrule {

/// The content of recipe.json, one JSON object beside the model of a run.
struct RunRecipe {
  Settings given;   ///< flags as they were given, DATA among them
  Recipe resolved;  ///< what they came to: all that decides about the bits, beside the data
  std::string version, instruction_set;
  int ranks = 1;
  std::string data;   ///< see data_mark()
  std::string start;  ///< checksum of the parameters that it began with, when they were given
  /// "1-5,7": which rows of their file, counted from 1; "" for a part that the data come with.
  std::string train_rows, validation_rows, test_rows;

  std::string stopped;                   ///< "finished", "early", ...
  std::string parameters;                ///< checksum of those at the end
  std::map<std::string, double> result;  ///< "test_loss", "steps", ...
};

/// What of it is known before the first step. The parts that the recipe names are those of `data`.
RunRecipe recipe_of_run(Settings given, const Model& model, const Splits& data,
                        const FitOptions& options);

/// A checksum of all parameters.
std::string parameters_mark(const Model& model);

std::string recipe_text(const RunRecipe& recipe);
/// Throws DataError naming `file` for what is no recipe.
RunRecipe parse_recipe(std::span<const std::byte> bytes, const std::string& file);

/// The file of a run's recipe. Limits: 64 MiB.
std::filesystem::path recipe_file(const std::filesystem::path& run);
/// Throws DataError when there is none, or it cannot be read.
RunRecipe read_recipe(const std::filesystem::path& run);

/// Writes a model file that knows the recipe of its run, and the rows that it must not be measured
/// on. The bytes depend on nothing that does not decide about the run's own.
void save_model(const Model& model, const RunRecipe& recipe, const SeenRows& seen,
                const std::filesystem::path& path);

/// A model with what else its file knows.
struct KnownModel {
  Model model;
  SeenRows seen;  ///< rows that it was trained or chosen on; empty when the file does not say
};
/// Throws DataError as Model::load() does.
KnownModel load_known_model(const std::filesystem::path& path);

/// The first difference in what decides about the bits of a run beside its data, such as "version
/// 0.1.0, not 0.2.0"; "" when there is none.
std::string difference_of(const RunRecipe& before, const RunRecipe& now);

}  // namespace chainrule
