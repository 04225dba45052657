// chainrule runs: the runs of a folder side by side.
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "chainrule/core/json.h"
#include "chainrule/data/table.h"
#include "chainrule/train/run_recipe.h"
#include "cli/args.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace chainrule::cli {
namespace {

namespace fs = std::filesystem;

struct RunsFlags {
  std::string folder = ".";
  bool json = false;
};

struct FoundRun {
  std::string name;
  RunRecipe recipe;
  double seconds = 0;

  std::string given(const std::string& flag) const {
    std::string text;
    for (const auto& [name_, value] : recipe.given)
      if (name_ == flag) text += (text.empty() ? "" : " ") + value;
    return text;
  }
  std::string resolved(const std::string& setting) const {
    const auto it = std::ranges::find(recipe.resolved, setting, &Recipe::value_type::first);
    return it == recipe.resolved.end() ? "" : it->second;
  }
  std::string result(const std::string& part) const {
    const auto find = [&](const char* what) { return recipe.result.find(part + what); };
    if (const auto it = find("_accuracy"); it != recipe.result.end()) return percent(it->second);
    if (const auto it = find("_rmse"); it != recipe.result.end()) return compact(it->second);
    return "";
  }
};

/// The sum of the last column of history.csv.
double seconds_of(const fs::path& run) {
  std::error_code unknown;
  const fs::path file = run / "history.csv";
  if (!fs::exists(file, unknown)) return 0;
  double sum = 0;
  const data::Table table = data::read_table(file);
  for (Index row = 0; row < table.rows(); ++row)
    if (const data::Cell cell = table.read(row, table.columns() - 1);
        cell.kind == data::Cell::number)
      sum += cell.value;
  return sum;
}

/// "run", "run-2", "run-10": numbers count as such.
bool before(const FoundRun& a, const FoundRun& b) {
  return a.name.size() != b.name.size() ? a.name.size() < b.name.size() : a.name < b.name;
}

std::vector<FoundRun> runs_in(const std::string& folder) {
  std::error_code error;
  std::vector<FoundRun> runs;
  const auto add = [&](const fs::path& run, const std::string& name) {
    std::error_code unknown;
    if (fs::exists(recipe_file(run), unknown))
      runs.push_back({name, read_recipe(run), seconds_of(run)});
  };
  add(folder, fs::path(folder).filename().string());
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.is_directory()) add(entry.path(), entry.path().filename().string());
  if (error) throw DataError(cat("'", folder, "' cannot be looked into: ", error.message()));
  if (runs.empty())
    throw DataError(cat("'", folder,
                        "' holds no runs: chainrule train writes each to a folder, "
                        "with a recipe.json"));
  std::ranges::sort(runs, before);
  return runs;
}

/// The flags that are not the same in all runs, DATA and --model aside, which have columns.
std::set<std::string> differing(const std::vector<FoundRun>& runs) {
  std::set<std::string> names;
  for (const FoundRun& run : runs)
    for (const auto& [name, value] : run.recipe.given)
      if (name != "DATA" && name != "--model") names.insert(name);
  std::erase_if(names, [&](const std::string& name) {
    return std::ranges::all_of(
        runs, [&](const FoundRun& r) { return r.given(name) == runs[0].given(name); });
  });
  return names;
}

std::string settings_of(const FoundRun& run, const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names)
    if (const std::string value = run.given(name); !value.empty())
      text += cat(text.empty() ? "" : " ", name.substr(2), "=", value);
  return text;
}

void print_runs(const Terminal& out, const std::vector<FoundRun>& runs) {
  const std::set<std::string> names = differing(runs);
  constexpr int kGap = 2, kName = 14, kData = 14, kModel = 24;
  std::vector<std::vector<std::string>> rows;
  const auto any = [&](const char* part) {
    return std::ranges::any_of(runs, [&](const FoundRun& r) { return !r.result(part).empty(); });
  };
  const bool validation = any("validation"), test = any("test");
  std::vector<ColumnStyle> columns = {{"run", true}, {"data", true}, {"model", true}};
  if (validation) columns.push_back({"valid."});
  if (test) columns.push_back({"test"});
  if (!test && !validation) columns.push_back({"train"});
  columns.push_back({"time"});
  for (const FoundRun& r : runs) {
    std::vector<std::string>& row = rows.emplace_back();
    row = {shorten(r.name, kName), shorten(fs::path(r.given("DATA")).filename().string(), kData),
           shorten(r.resolved("network"), kModel)};
    if (validation) row.push_back(r.result("validation"));
    if (test) row.push_back(r.result("test"));
    if (!test && !validation) row.push_back(r.result("train"));
    row.push_back(duration(r.seconds));
  }
  if (!names.empty()) {
    const int left = out.width() - Table(columns, kGap).fit(rows).width() - kGap;
    columns.push_back({"differs in", true});
    for (std::size_t i = 0; i < runs.size(); ++i)
      rows[i].push_back(shorten(settings_of(runs[i], names), std::max(left, 10)));
  }
  Table::print(out, columns, rows, kGap);
}

void print_runs_json(const std::vector<FoundRun>& runs) {
  std::vector<JsonObject> items;
  for (const FoundRun& r : runs) {
    JsonObject settings, resolved;
    for (const auto& [name, value] : r.recipe.given) settings.add(name, value);
    for (const auto& [name, value] : r.recipe.resolved) resolved.add(name, value);
    items.push_back(JsonObject()
                        .add("run", r.name)
                        .add("given", settings)
                        .add("resolved", resolved)
                        .add("result", r.recipe.result)
                        .add("stopped", r.recipe.stopped)
                        .add("data", r.recipe.data)
                        .add("seconds", r.seconds));
  }
  Terminal(stdout).line(JsonObject().add("runs", items).str());
}

}  // namespace

Command runs_command() {
  Command c;
  c.name = "runs";
  c.usage = "[FOLDER] [flags]";
  c.summary = "list the runs of a folder and compare them";
  c.about =
      "A line per run: its data and network, how good it is on validation and test rows, how long "
      "it took, and the flags in which the runs differ.";
  c.examples = "  chainrule runs\n  chainrule runs experiments --json\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<RunsFlags>();
    args.positional("FOLDER", &flags->folder, "that holds the folders of runs", false);
    args.group("Output");
    args.flag("--json", "", &flags->json,
              "the result as one JSON object on standard output, all else on standard error");
    return [flags] {
      const std::vector<FoundRun> runs = runs_in(flags->folder);
      print_runs(Terminal(flags->json ? stderr : stdout), runs);
      if (flags->json) print_runs_json(runs);
      return kOk;
    };
  };
  return c;
}

}  // namespace chainrule::cli
