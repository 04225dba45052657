// chainrule data show: pictures as text or as a file, tables as a table.
#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>

#include "chainrule/data/image.h"
#include "chainrule/data/png.h"
#include "cli/args.h"
#include "cli/describe.h"
#include "cli/format.h"
#include "cli/inspect.h"
#include "cli/load_data.h"
#include "cli/table.h"

namespace chainrule::cli {
namespace {

struct ShowFlags {
  DataFlags data;
  std::string part = "train", out;
  std::int64_t rows = 0, cols = 0, first = 0;
};

std::string target_text(const Dataset& data, Index row) {
  if (data.has_classes())
    return data.class_names[static_cast<std::size_t>(data.classes[static_cast<std::size_t>(row)])];
  std::string text;
  for (Index j = 0; j < data.target_size(); ++j) {
    const Index at = row * data.target_size() + j;
    text += (j > 0 ? "  " : "") + compact(data.targets[static_cast<std::size_t>(at)]);
  }
  return text;
}

/// Pictures side by side, each line of them under the line of their classes.
void print_pictures(const Terminal& out, const Dataset& data, const ShowFlags& flags) {
  const Index width = data.image[1];
  const Index cols = flags.cols > 0 ? flags.cols : std::max<Index>(1, out.width() / width);
  const Index lines = flags.rows > 0 ? flags.rows : 2;
  Index row = flags.first;
  for (Index line = 0; line < lines && row < data.rows(); ++line) {
    const Index count = std::min(cols, data.rows() - row);
    std::string names;
    for (Index i = 0; i < count; ++i) {
      const std::string name = target_text(data, row + i);
      const int before = static_cast<int>(width) / 2 + (display_width(name) + 1) / 2;
      names += pad_right(pad_left(name, before), static_cast<int>(width));
    }
    out.line(out.accent(names));
    out.print(data::ascii(data::contact_sheet(data, 1, count, row)));
    row += count;
  }
}

void write_pictures(const Terminal& out, const Dataset& data, const ShowFlags& flags) {
  const Index cols = flags.cols > 0 ? flags.cols : 20;
  const Index rows = flags.rows > 0 ? flags.rows : 10;
  const data::Raster sheet = data::raster_sheet(data, rows, cols, flags.first);
  const std::string ending = std::filesystem::path(flags.out).extension().string();
  if (ending == ".png")
    data::write_file(flags.out, data::encode_png(sheet.height, sheet.width, sheet.pixels));
  else if (ending == ".pgm")
    data::write_pgm(flags.out, data::contact_sheet(data, rows, cols, flags.first));
  else
    throw UsageError(cat("--out expects a name that ends in .png or .pgm, not '", flags.out, "'"));
  out.labelled("wrote", cat(flags.out, "   ", sheet.width, "×", sheet.height, " pixels"));
}

void print_rows(const Terminal& out, const Dataset& data, const ShowFlags& flags) {
  const Index count = std::min(flags.rows > 0 ? flags.rows : Index{10}, data.rows() - flags.first);
  const Index inputs = data.features.size();
  const Index shown = std::min<Index>(inputs, std::max(1, (out.width() - 20) / 12));
  std::vector<ColumnStyle> columns = {{"row"}};
  for (Index j = 0; j < shown; ++j) {
    const auto at = static_cast<std::size_t>(j);
    columns.push_back(
        {at < data.feature_names.size() ? shorten(data.feature_names[at], 16) : cat("x", j + 1)});
  }
  if (shown < inputs) columns.push_back({"…"});
  columns.push_back({data.has_classes() ? "class" : "target", data.has_classes()});
  std::vector<float> values(static_cast<std::size_t>(inputs));
  std::vector<std::vector<std::string>> rows;
  for (Index r = flags.first; r < flags.first + count; ++r) {
    const std::array<std::int32_t, 1> row = {static_cast<std::int32_t>(r)};
    data.gather<float>(row, values);
    std::vector<std::string> cells = {grouped(r)};
    for (Index j = 0; j < shown; ++j)
      cells.push_back(fixed(values[static_cast<std::size_t>(j)], 4));
    if (shown < inputs) cells.push_back("…");
    cells.push_back(target_text(data, r));
    rows.push_back(std::move(cells));
  }
  Table::print(out, std::move(columns), rows);
}

/// A table as it stands in its file.
void print_table(const Terminal& out, const data::Table& table, const ShowFlags& flags) {
  if (flags.first >= table.rows())
    throw UsageError(cat("--first ", flags.first, " is beyond the end: the table has ",
                         counted(table.rows(), "row")));
  out.labelled("data", cat(counted(table.rows(), "row"), " of ", counted(table.columns(), "column"),
                           "   ", table.how()));
  out.line();
  constexpr int kCell = 16;
  const Index last =
      std::min(flags.first + (flags.rows > 0 ? flags.rows : Index{10}), table.rows());
  std::vector<ColumnStyle> columns = {{"line"}};
  std::vector<std::vector<std::string>> rows;
  for (Index r = flags.first; r < last; ++r) rows.push_back({grouped(table.line(r))});
  int room = out.width() - 8;
  for (Index c = 0; c < table.columns(); ++c) {
    const std::string& name = table.header[static_cast<std::size_t>(c)];
    int width = std::min(display_width(name), kCell);
    bool numbers = true;
    for (Index r = flags.first; r < last; ++r) {
      width = std::max(width, std::min(display_width(table.cell(r, c)), kCell));
      numbers &= table.read(r, c).kind != data::Cell::text;
    }
    room -= width + 2;
    if (room < 2 && c > 0) {
      columns.push_back({"…"});
      break;
    }
    columns.push_back({printable(name, kCell), !numbers});
    for (Index r = flags.first; r < last; ++r)
      rows[static_cast<std::size_t>(r - flags.first)].push_back(printable(table.cell(r, c), kCell));
  }
  for (auto& row : rows) row.resize(columns.size(), "");
  Table::print(out, std::move(columns), rows);
}

int run(const ShowFlags& flags) {
  const Terminal out(stdout);
  if (flags.part != "train" && flags.part != "test")
    throw UsageError(cat("--part expects train or test, not '", flags.part, "'"));
  if (flags.rows < 0 || flags.cols < 0 || flags.first < 0)
    throw UsageError("--rows, --cols and --first cannot be negative");
  const bool alone =
      is_file(flags.data.name) && flags.data.labels.empty() && flags.data.targets.empty();
  RawFile raw = alone ? load_raw(flags.data) : RawFile{};
  if (raw.table && !flags.out.empty())
    throw UsageError("--out writes pictures; these data are no pictures");
  if (raw.table) {
    print_table(out, *raw.table, flags);
    return kOk;
  }
  Splits splits;
  if (raw.rows)
    splits.train = std::move(*raw.rows);
  else
    splits = load_data(flags.data);
  const Dataset& data = flags.part == "test" ? splits.test : splits.train;
  if (flags.first >= data.rows())
    throw UsageError(cat("--first ", flags.first, " is beyond the end: the ", flags.part,
                         " part has ", counted(data.rows(), "row")));
  out.labelled("data", describe_splits(splits));
  const bool pictures = data.image.rank() > 0;
  if (!pictures && !flags.out.empty())
    throw UsageError("--out writes pictures; these data are no pictures");
  if (!flags.out.empty()) {
    write_pictures(out, data, flags);
    return kOk;
  }
  out.line();
  if (pictures)
    print_pictures(out, data, flags);
  else
    print_rows(out, data, flags);
  return kOk;
}

}  // namespace

Command data_show_command() {
  Command c;
  c.name = "data show";
  c.usage = "DATA [flags]";
  c.summary = "show pictures as text or as a PNG file, tables row by row";
  c.about =
      "A table is shown as it stands in its file, with a line that says how it was read; with "
      "--target the values are those that a network sees: scaled, and with one column per "
      "category.";
  c.examples =
      "  chainrule data show digits\n"
      "  chainrule data show mnist --data ~/mnist --part test --rows 10 --cols 20 --out sheet.png\n"
      "  chainrule data show flowers.csv\n"
      "  chainrule data show flowers.csv --target species\n";
  c.declare = [](Args& args) {
    auto flags = std::make_shared<ShowFlags>();
    args.positional("DATA", &flags->data.name, "as for train: a name, a file or a folder");
    declare_data_flags(args, flags->data, DataUse::train);
    args.group("Choice");
    args.flag("--part", "PART", &flags->part, "train or test");
    args.flag("--first", "N", &flags->first, "begin with row N, counted from 0");
    args.flag("--rows", "N", &flags->rows, "lines of pictures, or rows of a table");
    args.flag("--cols", "N", &flags->cols, "pictures beside each other");
    args.group("Output");
    args.flag("--out", "FILE", &flags->out, "write the pictures to FILE.png or FILE.pgm");
    return [flags] { return run(*flags); };
  };
  return c;
}

}  // namespace chainrule::cli
