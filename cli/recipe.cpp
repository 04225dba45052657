#include "cli/recipe.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "chainrule/core/error.h"
#include "chainrule/core/plain_text.h"
#include "cli/checkpoints.h"
#include "cli/format.h"
#include "cli/row_weights.h"
#include "cli/run_settings.h"

namespace chainrule::cli {
namespace {

namespace fs = std::filesystem;
constexpr const char* kModelFile = "model.safetensors";

/// A set of that name is meant, whatever files and folders there are.
bool is_named_set(const std::string& name) {
  return std::ranges::any_of(named_data(), [&](const NamedData& data) {
    return (", " + data.name + ", ").find(", " + name + ", ") != std::string::npos;
  });
}

}  // namespace

bool is_run_folder(const std::string& name) {
  std::error_code unknown;
  return !is_named_set(name) && fs::is_directory(name, unknown) &&
         (fs::exists(recipe_file(name), unknown) ||
          fs::exists(fs::path(name) / kModelFile, unknown));
}

std::string model_file_of(const std::string& name) {
  std::error_code unknown;
  return fs::is_directory(name, unknown) ? (fs::path(name) / kModelFile).string() : name;
}

TrainFlags flags_of(const Settings& settings) {
  TrainFlags flags;
  Args args;
  declare_run_flags(args, flags);
  args.parse("train", words_of(settings));
  return flags;
}

TrainFlags flags_of(const Settings& settings, const std::string& run) {
  try {
    return flags_of(settings);
  } catch (const UsageError& e) {
    throw DataError(cat(recipe_file(run).string(), ": ", without_controls(e.what())));
  }
}

TrainFlags flags_for_doctor(const std::string& run, const Settings& given) {
  Settings settings;
  const auto named = [](const Settings& list, const std::string& name) {
    return std::ranges::any_of(list, [&](const auto& g) { return g.first == name; });
  };
  for (const auto& setting : read_recipe(run).given)
    if (setting.first == "DATA" || !named(given, setting.first)) settings.push_back(setting);
  for (const auto& setting : given)
    if (setting.first.starts_with("--") && setting.first != "--fix") settings.push_back(setting);
  TrainFlags flags = flags_of(settings, run);
  if (!named(given, "--out")) flags.out = (fs::path(run) / "doctor").string();
  return flags;
}

Splits load_run_data(TrainFlags& flags, const Model* start) {
  if (start != nullptr) flags.data.keep = &start->schema;
  Splits splits = load_data(flags.data);
  weigh_classes(splits, flags.class_weight);
  set_threshold(splits, flags.threshold);
  return splits;
}

Dataset test_rows_of(const std::string& run) {
  const RunRecipe recipe = read_recipe(run);
  TrainFlags flags = flags_of(recipe.given, run);
  std::optional<Model> start;
  if (!flags.start.empty()) start = Model::load(flags.start);
  Splits splits = load_run_data(flags, start ? &*start : nullptr);
  const std::string other =
      cat("; other data are measured by chainrule eval ", shell_word(run), " DATA");
  if (const std::string now = data_mark(splits); now != recipe.data)
    throw DataError(cat("the data of the run '", run, "' have changed: it had ", recipe.data,
                        "; now there are ", now, other));
  if (splits.test.rows() == 0)
    throw DataError(cat("the run '", run, "' has kept no rows for a test", other));
  splits.test.notes.clear();
  return std::move(splits.test);
}

Unseen unseen_rows(const SeenRows& seen, const Dataset& data) {
  Unseen found;
  if (seen.too_many()) {
    found.sentence = cat("the model was trained on more than ",
                         grouped(static_cast<std::int64_t>(SeenRows::kMost)),
                         " rows, so it does not know whether these are among them");
    return found;
  }
  if (seen.empty()) return found;
  found.rows = seen.unseen(data);
  found.seen = data.rows() - std::ssize(found.rows);
  if (found.some())
    found.sentence = cat(grouped(found.seen), " of the ", counted(data.rows(), "row"),
                         " took part in training; the figures are those of the ",
                         grouped(std::ssize(found.rows)), " others");
  else if (found.seen > 0)
    found.sentence = "all of these rows took part in training; others tell how good the model is";
  return found;
}

SeenRows rows_to_remember(const DataFlags& flags, const Splits& splits) {
  SeenRows seen;
  if (splits.train.origin.empty() || is_named_set(flags.name)) return seen;
  seen.add(splits.train);
  seen.add(splits.validation);
  return seen;
}

}  // namespace chainrule::cli
