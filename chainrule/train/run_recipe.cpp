#include "chainrule/train/run_recipe.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "chainrule/core/error.h"
#include "chainrule/core/plain_text.h"
#include "chainrule/data/file.h"
#include "chainrule/io/json_limits-inl.h"
#include "chainrule/io/model_file.h"
#include "chainrule/kernels/instruction_set.h"

namespace chainrule {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view kRecipeFormat = "chainrule-recipe-1";
constexpr std::uint64_t kMostRecipeBytes = 1 << 26;
constexpr const char* kMarks = "training_rows";

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// "1-5,7" of numbers from 0, in the order of the file.
std::string ranges_of(std::vector<std::int32_t> rows) {
  std::ranges::sort(rows);
  std::string text;
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t last = i;
    while (last + 1 < rows.size() && rows[last + 1] == rows[last] + 1) ++last;
    text += cat(text.empty() ? "" : ",", rows[i] + 1);
    if (last > i) text += cat("-", rows[last] + 1);
    i = last + 1;
  }
  return text;
}

/// The fields that are text, by their names in the file.
void each_text(auto& r, auto&& f) {
  f("version", r.version), f("instruction_set", r.instruction_set), f("data", r.data);
  f("start", r.start), f("stopped", r.stopped), f("parameters", r.parameters);
  f("training_rows", r.train_rows), f("validation_rows", r.validation_rows);
  f("test_rows", r.test_rows);
}

}  // namespace

RunRecipe recipe_of_run(Settings given, const Model& model, const Splits& data,
                        const FitOptions& options) {
  RunRecipe r;
  r.given = std::move(given);
  r.resolved = recipe_of(model);
  r.resolved.emplace_back("init", model.options().init.empty() ? "auto" : model.options().init);
  for (auto& setting : recipe_of(options)) r.resolved.push_back(std::move(setting));
  if (options.steps > 0)
    r.resolved.emplace_back("steps", std::to_string(options.steps));
  else
    r.resolved.emplace_back("epochs", std::to_string(options.epochs));
  r.version = CHAINRULE_VERSION;
  r.instruction_set = kernels::instruction_set();
  r.ranks = options.exchange == nullptr ? 1 : options.exchange->size();
  r.data = data_mark(data);
  r.train_rows = ranges_of(data.train.origin);
  r.validation_rows = ranges_of(data.validation.origin);
  r.test_rows = ranges_of(data.test.origin);
  return r;
}

std::string parameters_mark(const Model& model) {
  return hexadecimal(fingerprint(std::as_bytes(std::span(model.params().all()))));
}

std::string recipe_text(const RunRecipe& recipe) {
  Json json{{"format", kRecipeFormat}, {"given", recipe.given}, {"resolved", recipe.resolved}};
  json["ranks"] = recipe.ranks;
  each_text(recipe, [&](const char* name, const std::string& text) { json[name] = text; });
  json["result"] = Json::object();
  for (const auto& [name, value] : recipe.result)
    json["result"][name] = std::isfinite(value) ? Json(value) : Json();
  std::string text;  // a line for each, which people can read
  for (const auto& [name, value] : json.items())
    text += cat(text.empty() ? "{" : ",\n ", dumped(name), ": ", dumped(value));
  return text + "}\n";
}

RunRecipe parse_recipe(std::span<const std::byte> bytes, const std::string& file) {
  const auto refuse = [&](const std::string& what) -> DataError {
    return DataError(without_controls(cat(file, " ", what)));
  };
  try {
    const Json json = parse_json<Json>({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    RunRecipe r;
    if (json.at("format").get<std::string>() != kRecipeFormat)
      throw refuse(cat("has another format than '", kRecipeFormat, "'"));
    r.given = json.at("given").get<Settings>();
    r.resolved = json.at("resolved").get<Recipe>();
    r.ranks = whole_number<int>(json.at("ranks"));
    each_text(r, [&](const char* name, std::string& text) {
      text = json.at(name).template get<std::string>();
    });
    for (const auto& [name, value] : json.at("result").items())
      r.result[name] = value.is_null() ? std::nan("") : value.get<double>();
    return r;
  } catch (const Json::exception&) {
    throw refuse("is no recipe of a run");
  } catch (const DataError& e) {
    if (std::string_view(e.what()).find(without_controls(file)) != std::string_view::npos) throw;
    throw refuse(e.what());
  }
}

fs::path recipe_file(const fs::path& run) { return run / "recipe.json"; }

RunRecipe read_recipe(const fs::path& run) {
  const fs::path file = recipe_file(run);
  std::error_code unknown;
  if (!fs::exists(file, unknown))
    throw DataError(cat("'", run.string(), "' holds no ", file.filename().string(),
                        ", so its data and flags are not known"));
  const data::Bytes bytes = data::read_file(file, kMostRecipeBytes);
  return parse_recipe(std::as_bytes(std::span(bytes)), file.string());
}

void save_model(const Model& model, const RunRecipe& recipe, const SeenRows& seen,
                const fs::path& path) {
  SafeTensors content = to_safetensors(model);
  content.metadata = model_metadata(model);
  content.metadata["recipe"] = dumped({{"resolved", recipe.resolved},
                                       {"version", recipe.version},
                                       {"instruction_set", recipe.instruction_set},
                                       {"data", recipe.data}});
  if (!seen.empty()) content.metadata[kMarks] = seen.text();
  write_safetensors(path, content);
}

KnownModel load_known_model(const fs::path& path) {
  const SafeTensors content = read_safetensors(path);
  KnownModel known{.model = read_model(content, path.string()), .seen = {}};
  const auto marks = content.metadata.find(kMarks);
  if (marks == content.metadata.end()) return known;
  try {
    known.seen = SeenRows::parse(marks->second);
  } catch (const DataError& e) {
    throw DataError(cat(path.string(), " ", e.what()));
  }
  return known;
}

std::string difference_of(const RunRecipe& before, const RunRecipe& now) {
  const auto all = [](const RunRecipe& r) {
    Recipe recipe = {{"start", r.start}};
    recipe.insert(recipe.end(), r.resolved.begin(), r.resolved.end());
    recipe.emplace_back("version", r.version);
    recipe.emplace_back("instruction set", r.instruction_set);
    recipe.emplace_back("ranks", std::to_string(r.ranks));
    return recipe;
  };
  return difference(all(before), all(now));
}

}  // namespace chainrule
