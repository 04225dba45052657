#include "cli/run_files.h"

#include "chainrule/files/atomic_file.h"
#include "chainrule/picture/border.h"
#include "chainrule/picture/curves.h"
#include "cli/train_result.h"

namespace chainrule::cli {

namespace fs = std::filesystem;

Measured measure_parts(const Model& model, const Splits& splits, const EvaluateOptions& how) {
  Measured m;
  const auto measure = [&](const Dataset& rows, Evaluation& e) {
    if (rows.rows() > 0) e = evaluate(model, rows, how);
  };
  measure(splits.train, m.train);
  measure(splits.validation, m.validation);
  measure(splits.test, m.test);
  return m;
}

std::map<std::string, double> results_of(const Measured& measured, const History& history,
                                         Task task) {
  std::map<std::string, double> results;
  const auto add = [&](const std::string& part, const Evaluation& e) {
    if (e.rows == 0) return;
    results[part + "_loss"] = e.loss;
    if (task == Task::regression)
      results[part + "_rmse"] = e.rmse;
    else
      results[part + "_accuracy"] = e.accuracy;
  };
  add("train", measured.train), add("validation", measured.validation);
  add("test", measured.test);
  results["steps"] = static_cast<double>(history.steps);
  results["best_epoch"] = static_cast<double>(history.best_epoch);
  return results;
}

fs::path model_path(const fs::path& folder) { return folder / "model.safetensors"; }

std::vector<std::string> write_run_files(const fs::path& folder, const Model& model,
                                         const History& history, const RunRecipe& recipe,
                                         const SeenRows& seen, const Splits& splits,
                                         const Measured* measured) {
  std::vector<std::string> written = {model_path(folder).string()};
  const auto write = [&](const fs::path& file, const std::string& text) {
    write_file(file, text);
    written.push_back(file.string());
  };
  const std::string title = splits.train.name + ": " + model.text();
  save_model(model, recipe, seen, model_path(folder));
  write(recipe_file(folder), recipe_text(recipe));
  write(folder / "history.csv", history.csv());
  write(folder / "curves.svg", curves_svg(history, title));
  if (measured != nullptr && measured->shown().confusion.classes() > 0)
    write(folder / "confusion.svg",
          confusion_svg(measured->shown().confusion, model.schema.labels, title));
  if (model.features().size() == 2 && splits.train.has_classes())
    write(folder / "border.svg", border_picture(model, splits.train, title).str());
  return written;
}

}  // namespace chainrule::cli
