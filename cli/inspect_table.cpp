// Tables and arrays: CSV, npy and npz.
#include <algorithm>
#include <map>

#include "chainrule/core/error.h"
#include "chainrule/data/csv.h"
#include "chainrule/data/npy.h"
#include "chainrule/data/npz.h"
#include "cli/format.h"
#include "cli/inspect.h"
#include "cli/inspect_numbers.h"

namespace chainrule::cli {
namespace {

/// What the cells of a column are.
struct ColumnView {
  std::string name;
  std::int64_t missing = 0, texts = 0, infinite = 0;
  NumberSummary numbers = {};
  /// Rows of each value, as long as there are few enough to be classes.
  std::map<std::string, std::int64_t> values = {};
  bool many = false;

  bool numeric() const { return texts == 0 && numbers.finite() > 0; }
  std::string type() const {
    if (texts > 0) return numbers.finite() > 0 ? "mixed" : "text";
    return numbers.finite() > 0 ? "number" : "empty";
  }
};

ColumnView view_column(const data::Table& table, Index column) {
  ColumnView view{.name = table.header[static_cast<std::size_t>(column)]};
  for (Index row = 0; row < table.rows(); ++row) {
    const std::string_view text = table.cell(row, column);
    const data::Cell cell = table.read(row, column);
    if (cell.kind == data::Cell::missing) {
      ++view.missing;
      continue;
    }
    if (cell.kind == data::Cell::number) view.numbers.add(cell.value);
    view.infinite += cell.kind == data::Cell::infinite ? 1 : 0;
    view.texts += cell.kind == data::Cell::text ? 1 : 0;
    if (view.many) continue;
    if (const auto it = view.values.find(std::string(text)); it != view.values.end())
      ++it->second;
    else
      view.values.emplace(text, 1);
    view.many = static_cast<Index>(view.values.size()) > data::kMaxClasses;
  }
  return view;
}

/// The most frequent first.
std::string values_text(const ColumnView& view) {
  std::vector<std::pair<std::string, std::int64_t>> sorted(view.values.begin(), view.values.end());
  std::ranges::stable_sort(sorted,
                           [](const auto& a, const auto& b) { return a.second > b.second; });
  constexpr int kRoom = 40;
  std::string text;
  for (const auto& [value, rows] : sorted) {
    const std::string next =
        cat(text.empty() ? "" : ", ", printable(value, 16), " ", grouped(rows));
    if (display_width(text + next) > kRoom) return text + ", …";
    text += next;
  }
  return text;
}

std::vector<std::string> column_cells(const ColumnView& v) {
  const auto number = [&](double x) { return v.numeric() ? compact(x) : std::string(); };
  return {printable(v.name, 24),
          v.type(),
          grouped(v.missing),
          v.many ? "> " + grouped(data::kMaxClasses) : grouped(static_cast<Index>(v.values.size())),
          number(v.numbers.least()),
          number(v.numbers.mean()),
          number(v.numbers.greatest()),
          v.texts > 0 ? values_text(v) : ""};
}

JsonObject column_object(const ColumnView& v) {
  JsonObject object;
  object.add("name", v.name)
      .add("type", v.type())
      .add("missing", v.missing)
      .add("infinite", v.infinite);
  if (v.numeric())
    object.add("mean", v.numbers.mean())
        .add("std", v.numbers.deviation())
        .add("min", v.numbers.least())
        .add("max", v.numbers.greatest());
  if (!v.many) object.add("distinct", v.values.size());
  if (!v.many && v.texts > 0) object.add("values", v.values);
  return object;
}

std::string npy_type_text(const data::NpyArray& array) {
  const std::string bits = std::to_string(8 * array.item_size);
  switch (array.kind) {
    case 'b':
      return "bool";
    case 'u':
      return "uint" + bits;
    case 'i':
      return "int" + bits;
    default:
      return "float" + bits;
  }
}

ArrayLine array_summary(const std::string& name, const data::NpyArray& array) {
  ArrayLine line{name, npy_type_text(array), array.shape, array.size(), {}};
  data::NpyArray piece{.kind = array.kind, .item_size = array.item_size, .shape = {}, .bytes = {}};
  in_pieces(std::as_bytes(std::span(array.bytes)), static_cast<std::size_t>(array.item_size),
            [&](std::span<const std::byte> part) {
              const auto* bytes = reinterpret_cast<const std::uint8_t*>(part.data());
              piece.bytes.assign(bytes, bytes + part.size());
              line.numbers.add(piece.as<double>());
            });
  return line;
}

/// Whole numbers from 0 that could be classes: rows of each.
void show_labels(const data::NpyArray& array, const NumberSummary& numbers, Sheet& sheet) {
  const bool whole = array.kind == 'u' || array.kind == 'i';
  if (!whole || array.shape.size() != 1 || array.size() == 0 || numbers.least() < 0 ||
      numbers.greatest() >= static_cast<double>(data::kMaxClasses))
    return;
  std::vector<std::int64_t> counts(static_cast<std::size_t>(numbers.greatest()) + 1);
  for (const std::int64_t label : array.as<std::int64_t>())
    ++counts[static_cast<std::size_t>(label)];
  std::vector<std::vector<std::string>> rows;
  for (std::size_t c = 0; c < counts.size(); ++c)
    rows.push_back(
        {std::to_string(c), grouped(counts[c]),
         percent(static_cast<double>(counts[c]) / static_cast<double>(array.size()), 1)});
  sheet.table({{"class", true}, {"rows"}, {"share"}}, rows, 16);
  sheet.json.add("class_counts", counts);
}

}  // namespace

void inspect_csv(const InspectedFile& file, Sheet& sheet) {
  const data::Table table = data::parse_table(file.text(), file.path);
  sheet.kind("csv", "a table   " + table.how(), file);
  sheet.say("shape", cat(counted(table.rows(), "row"), " of ", counted(table.columns(), "column")));
  std::vector<std::vector<std::string>> rows;
  std::vector<JsonObject> objects;
  std::int64_t missing = 0, incomplete = 0;
  for (Index c = 0; c < table.columns(); ++c) {
    const ColumnView view = view_column(table, c);
    rows.push_back(column_cells(view));
    objects.push_back(column_object(view));
    missing += view.missing;
    incomplete += view.missing > 0 ? 1 : 0;
  }
  if (missing > 0)
    sheet.say("missing", cat(counted(missing, "cell"), " in ", counted(incomplete, "column"),
                             "; train and predict fill them, see --missing"));
  sheet.json.add("rows", table.rows()).add("columns", objects).add("missing", missing);
  sheet.table({{"column", true},
               {"type", true},
               {"missing"},
               {"distinct"},
               {"min"},
               {"mean"},
               {"max"},
               {"values", true}},
              rows, 28);
}

void inspect_npy(const InspectedFile& file, Sheet& sheet) {
  const data::NpyArray array = data::parse_npy(file.bytes, file.path);
  sheet.kind("npy", "an array of numpy", file);
  const ArrayLine line = array_summary("array", array);
  show_arrays(sheet, "", "arrays", std::span(&line, 1));
  show_labels(array, line.numbers, sheet);
}

void inspect_npz(const InspectedFile& file, Sheet& sheet) {
  const std::vector<data::NpzArray> arrays = data::parse_npz(file.bytes, file.path);
  sheet.kind("npz", cat(counted(static_cast<Index>(arrays.size()), "array"), " of numpy"), file);
  std::vector<ArrayLine> lines;
  for (const data::NpzArray& a : arrays) lines.push_back(array_summary(a.name, a.array));
  show_arrays(sheet, "array", "arrays", lines, 28);
}

}  // namespace chainrule::cli
