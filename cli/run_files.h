// What a run leaves in its folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "chainrule/train/evaluate.h"
#include "chainrule/train/history.h"
#include "chainrule/train/run_recipe.h"

namespace chainrule::cli {

/// How good a model is on the parts of a run's data; of those without rows nothing is known.
struct Measured {
  Evaluation train, validation, test;
  /// What a run is judged by: test rows where there are some, else those of training.
  const Evaluation& shown() const { return test.rows > 0 ? test : train; }
};
Measured measure_parts(const Model& model, const Splits& splits, const EvaluateOptions& how);

/// Numbers of a run for its recipe: "test_loss", "validation_accuracy", "steps", ...; no times, so
/// that equal runs have equal recipes.
std::map<std::string, double> results_of(const Measured& measured, const History& history,
                                         Task task);

/// Where the model of a run is.
std::filesystem::path model_path(const std::filesystem::path& folder);

/// Model, recipe, curves; the confusion matrix when something was `measured` and there is one; the
/// border of two inputs. Returns the names of the files.
std::vector<std::string> write_run_files(const std::filesystem::path& folder, const Model& model,
                                         const History& history, const RunRecipe& recipe,
                                         const SeenRows& seen, const Splits& splits,
                                         const Measured* measured);

}  // namespace chainrule::cli
