// Folders: a run of train, or the files of a data set.
#include <algorithm>
#include <array>

#include "chainrule/core/error.h"
#include "chainrule/data/cifar.h"
#include "chainrule/data/csv.h"
#include "chainrule/data/idx.h"
#include "cli/describe.h"
#include "cli/format.h"
#include "cli/inspect.h"

namespace chainrule::cli {
namespace {

namespace fs = std::filesystem;

constexpr Index kLastRows = 6;

void begin_folder(std::string_view kind, std::string_view text, const fs::path& folder,
                  Sheet& sheet) {
  sheet.json.add("file", folder.string()).add("kind", std::string(kind));
  sheet.say("folder", text);
}

/// The last lines of history.csv, without columns that are empty throughout.
void show_history(const fs::path& file, Sheet& sheet) {
  const data::Table table = data::read_table(file);
  std::vector<Index> columns;
  for (Index c = 0; c < table.columns(); ++c)
    for (Index r = 0; r < table.rows(); ++r)
      if (!table.cell(r, c).empty()) {
        columns.push_back(c);
        break;
      }
  std::vector<ColumnStyle> styles;
  for (const Index c : columns) {
    std::string title = table.header[static_cast<std::size_t>(c)];
    std::ranges::replace(title, '_', ' ');
    if (const std::size_t at = title.find("accuracy"); at != title.npos)
      title.replace(at, 8, "acc.");  // of up to ten columns
    if (title == "learning rate") title = "lr";
    if (title.starts_with("validation")) title.replace(0, 10, "valid.");
    styles.push_back({printable(title, 16)});
  }
  std::vector<std::vector<std::string>> rows;
  const Index first = sheet.all() ? 0 : std::max<Index>(0, table.rows() - kLastRows);
  for (Index r = first; r < table.rows(); ++r) {
    rows.emplace_back();
    for (const Index c : columns) {
      const data::Cell cell = table.read(r, c);
      const std::string& name = table.header[static_cast<std::size_t>(c)];
      const bool share = name.ends_with("accuracy"), loss = name.ends_with("loss");
      rows.back().push_back(cell.kind != data::Cell::number ? printable(table.cell(r, c), 12)
                            : share                         ? percent(cell.value)
                            : loss                          ? loss_text(cell.value)
                                                            : compact(cell.value));
    }
  }
  sheet.table(std::move(styles), rows, rows.size());
  sheet.json.add("epochs", table.rows());
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

void say_files(const fs::path& folder, Sheet& sheet) {
  std::vector<std::string> names;
  for (const fs::path& file : files_in(folder))
    names.push_back(file.filename().string() + (fs::is_directory(file) ? "/" : ""));
  sheet.say("files", sheet.few(names));
  sheet.json.add("files", names);
}

void say_checkpoints(const fs::path& folder, Sheet& sheet) {
  std::vector<std::string> names;
  for (const fs::path& file : files_in(folder))
    if (file.extension() == ".safetensors") names.push_back(file.stem().string());
  if (!names.empty())
    sheet.say("resume", cat(counted(static_cast<Index>(names.size()), "checkpoint"), ", the last ",
                            names.back()));
  sheet.json.add("checkpoints", names);
}

void show_run(const fs::path& folder, Sheet& sheet) {
  begin_folder("run", "a run of chainrule train", folder, sheet);
  say_files(folder, sheet);
  say_checkpoints(folder / "checkpoints", sheet);
  if (fs::exists(folder / "model.safetensors")) say_model_file(folder / "model.safetensors", sheet);
  if (fs::exists(folder / "history.csv")) show_history(folder / "history.csv", sheet);
}

/// A row per class: how many rows each part has of it.
void show_parts(const Splits& splits, Sheet& sheet) {
  const std::array<const Dataset*, 2> parts = {&splits.train, &splits.test};
  std::vector<std::vector<std::int64_t>> counts;
  for (const Dataset* part : parts) {
    counts.emplace_back(static_cast<std::size_t>(part->class_count()));
    for (const std::int32_t c : part->classes) ++counts.back()[static_cast<std::size_t>(c)];
  }
  std::vector<std::vector<std::string>> rows;
  for (std::size_t c = 0; c < counts[0].size(); ++c)
    rows.push_back({splits.train.class_names[c], grouped(counts[0][c]), grouped(counts[1][c])});
  sheet.table({{"class", true}, {"train"}, {"test"}}, rows, 20);
  sheet.json.add("train", splits.train.rows())
      .add("test", splits.test.rows())
      .add("inputs", splits.features().size())
      .add("class_counts", counts[0])
      .add("test_class_counts", counts[1]);
}

bool has_prefix(const fs::path& folder, std::string_view prefix) {
  return std::ranges::any_of(files_in(folder), [&](const fs::path& file) {
    return file.filename().string().starts_with(prefix);
  });
}

}  // namespace

void inspect_folder(const fs::path& folder, Sheet& sheet) {
  if (fs::exists(folder / "model.safetensors") || fs::exists(folder / "history.csv") ||
      fs::is_directory(folder / "checkpoints")) {
    show_run(folder, sheet);
    return;
  }
  const bool mnist = has_prefix(folder, "train-images");
  if (!mnist && !has_prefix(folder, "cifar-10-b") && !has_prefix(folder, "data_batch_1"))
    throw DataError(cat(folder.string(),
                        ": neither a run (model.safetensors, history.csv) nor the files of MNIST "
                        "or CIFAR-10 are in this folder"));
  const Splits splits = mnist ? data::mnist(folder) : data::cifar10(folder);
  begin_folder(mnist ? "mnist" : "cifar-10", mnist ? "a data set in MNIST's format" : "CIFAR-10",
               folder, sheet);
  say_files(folder, sheet);
  sheet.say("data", describe_splits(splits));
  show_parts(splits, sheet);
}

}  // namespace chainrule::cli
