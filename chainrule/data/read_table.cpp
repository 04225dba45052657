// Delimited text as a table: the dialect, then the cells, then what only columns can tell.
#include <algorithm>
#include <set>
#include <span>

#include "chainrule/core/error.h"
#include "chainrule/data/arff.h"
#include "chainrule/data/cell_scanner.h"
#include "chainrule/data/file.h"
#include "chainrule/data/file_kind.h"
#include "chainrule/data/libsvm.h"
#include "chainrule/data/table_builder.h"

namespace chainrule::data {
namespace {

/// Rows that are looked at to decide about the header and the decimal sign.
constexpr Index kSampleRows = 2000;

/// All rows, the first one included, while nobody knows yet whether it is a header.
class Draft {
 public:
  explicit Draft(const TableBuilder& builder) : b_(builder) {}
  Index rows() const { return std::min(b_.rows(), kSampleRows); }
  std::size_t width() const { return b_.width(); }
  std::string_view cell(Index row, std::size_t column) const {
    return b_.raw_cell(static_cast<std::size_t>(row) * width() + column);
  }

 private:
  const TableBuilder& b_;
};

bool is_digits(std::string_view s, std::size_t least, std::size_t most) {
  return s.size() >= least && s.size() <= most &&
         std::ranges::all_of(s, [](char c) { return c >= '0' && c <= '9'; });
}

/// A comma is the decimal sign when some cells are numbers with a comma and none are numbers with a
/// point other than one that groups digits. Where commas also delimit, "1,234" groups digits.
char find_decimal(const Draft& draft, char delimiter) {
  Index commas = 0, points = 0;
  for (Index row = 0; row < draft.rows(); ++row) {
    for (std::size_t c = 0; c < draft.width(); ++c) {
      const std::string_view cell = draft.cell(row, c);
      const std::size_t comma = cell.find(',');
      if (cell.empty()) continue;
      if (comma == cell.npos) {
        const bool number = read_cell(cell).kind == Cell::number;
        const bool groups = cell[0] != '0' && read_cell(cell, ',').value != read_cell(cell).value;
        points += number && !groups && cell.find('.') != cell.npos ? 1 : 0;
      } else if (read_cell(cell, ',').kind == Cell::number) {
        const bool groups = delimiter == ',' && comma > 0 && cell[0] != '0' &&
                            is_digits(cell.substr(comma + 1), 3, 3);
        commas += groups ? 0 : 1;
      }
    }
  }
  return commas > 0 && points == 0 ? ',' : '.';
}

/// 0, 1, 2, ... or 1, 2, 3, ..., after an empty first cell perhaps: names that a program gave.
bool counts_up(const Draft& draft) {
  constexpr std::size_t kLeast = 8;
  const std::size_t begin = draft.cell(0, 0).empty() ? 1 : 0;
  if (draft.width() < (begin == 1 ? 2 : kLeast)) return false;
  const Cell first = read_cell(draft.cell(0, begin));
  if (first.kind != Cell::number || (first.value != 0 && first.value != 1)) return false;
  for (std::size_t c = begin; c < draft.width(); ++c)
    if (draft.cell(0, c) != cat(static_cast<Index>(first.value) + static_cast<Index>(c - begin)))
      return false;
  return true;
}

/// How much the first cell of a column looks like one more of its values (above 0), or like a name
/// (below 0).
int resemblance(const Draft& draft, std::size_t column, char decimal) {
  const std::string_view first = draft.cell(0, column);
  const Cell::Kind kind = read_cell(first, decimal).kind;
  Index numbers = 0, texts = 0;
  std::set<std::string_view> values;
  bool again = false;
  for (Index row = 1; row < draft.rows(); ++row) {
    const std::string_view cell = draft.cell(row, column);
    const Cell::Kind k = read_cell(cell, decimal).kind;
    numbers += k == Cell::number ? 1 : 0;
    texts += k == Cell::text ? 1 : 0;
    again |= cell == first;
    if (k == Cell::text) values.insert(cell);
  }
  if (numbers + texts == 0 || kind == Cell::missing) return 0;
  if (numbers >= 9 * texts) return kind == Cell::number ? 2 : kind == Cell::text ? -2 : 0;
  if (again) return kind == Cell::text || texts > numbers ? 2 : 1;
  if (kind == Cell::number) return 1;
  const bool few = static_cast<Index>(values.size()) * 2 <= texts;
  return few ? -2 : 0;
}

bool find_header(const Draft& draft, const TableOptions& options, char decimal) {
  std::set<std::string_view> names;
  bool repeated = false, numbers = true, known = false;
  for (std::size_t c = 0; c < draft.width(); ++c) {
    const std::string_view cell = draft.cell(0, c);
    const Cell::Kind kind = read_cell(cell, decimal).kind;
    if (std::ranges::find(options.known, cell) != options.known.end()) known = true;
    repeated |= !cell.empty() && !names.insert(cell).second;
    numbers &= kind == Cell::number || kind == Cell::missing;
  }
  if (known) return true;
  if (!options.known.empty() && std::ranges::all_of(options.known, [](const std::string& name) {
        return name.starts_with("column") && is_digits(std::string_view(name).substr(6), 1, 5);
      }))
    return false;
  if (counts_up(draft)) return true;
  if (numbers) return false;
  int sum = repeated ? 2 : 0;
  for (std::size_t c = 0; c < draft.width(); ++c) sum += resemblance(draft, c, decimal);
  return sum <= 0;
}

/// numpy and others write the names as a comment above the rows.
bool take_names(std::string_view comment, Dialect dialect, std::size_t width,
                std::vector<std::string>& names) {
  dialect.skip = 0;
  CellScanner scanner(comment, dialect);
  std::set<std::string> seen;
  bool texts = scanner.next_row();
  for (std::string cell; texts && scanner.next_cell(cell); cell.clear()) {
    texts = read_cell(cell).kind == Cell::text && seen.insert(cell).second;
    names.push_back(cell);
  }
  return texts && scanner.fault() == CellScanner::Fault::none && names.size() == width && width > 1;
}

[[noreturn]] void refuse(const CellScanner& scanner, const std::string& name) {
  const char* why = " has text after the closing quote of a field";
  std::string more;
  if (scanner.fault() == CellScanner::Fault::open_quote)
    why = " opens a quote that is never closed";
  if (scanner.fault() == CellScanner::Fault::too_long) {
    why = " has a field longer than ";
    more = grouped(static_cast<Index>(kMaxCell)) + " bytes";
    if (scanner.quoted()) more += " (is a quote not closed?)";
  }
  throw DataError(cat(name, ": line ", scanner.line(), why, more));
}

std::span<const std::uint8_t> as_bytes(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

void refuse_binary(std::string_view bytes, const std::string& name) {
  const FileKind kind = file_kind(as_bytes(bytes), name);
  if (kind == FileKind::foreign) throw DataError(cat(name, ": ", how_to_convert(as_bytes(bytes))));
  const bool binary = kind == FileKind::npy || kind == FileKind::npz || kind == FileKind::idx ||
                      kind == FileKind::picture || kind == FileKind::safetensors ||
                      kind == FileKind::onnx;
  if (binary) throw DataError(name + ": a table was expected, not an array, a picture or a model");
}

}  // namespace

Table parse_table(std::string_view bytes, std::string name, const TableOptions& options) {
  if (!bytes.empty()) refuse_binary(bytes, name);
  std::string room;
  const Encoding encoding = options.encoding ? *options.encoding : find_encoding(bytes, name);
  const std::string_view text = to_utf8(bytes, encoding, name, room);
  if (text.empty()) throw DataError(name + ": the file is empty");
  const FileKind kind = file_kind(as_bytes(text), name);
  if (kind == FileKind::arff) return parse_arff(text, std::move(name), options);
  if (kind == FileKind::libsvm && !options.delimiter)
    return parse_libsvm(text, std::move(name), options);
  Dialect dialect = find_dialect(text, options);
  dialect.encoding = encoding;
  TableBuilder builder(std::move(name));
  Table& table = builder.table();
  table.dialect = dialect;
  CellScanner scanner(text, dialect);
  while (scanner.next_row()) {
    const Index line = scanner.line();
    while (scanner.next_cell(builder.text())) {
      if (scanner.fault() != CellScanner::Fault::none) refuse(scanner, table.name);
      builder.end_cell(line);
    }
    builder.end_row(line);
  }
  if (builder.rows() == 0) throw DataError(table.name + ": the file is empty");

  const Draft draft(builder);
  dialect.decimal = options.decimal ? *options.decimal : find_decimal(draft, dialect.delimiter);
  const bool first_names =
      options.header ? *options.header : find_header(draft, options, dialect.decimal);
  std::vector<std::string> names;
  const bool above = !options.header && !first_names &&
                     take_names(scanner.comment_above(), dialect, builder.width(), names);
  dialect.header = first_names || above;
  table.dialect = dialect;
  if (scanner.comments() > 0)
    table.notes +=
        cat(", ", scanner.comments(), scanner.comments() == 1 ? " comment" : " comments");
  if (above)
    builder.set_header(std::move(names));
  else if (first_names)
    builder.take_header();
  else
    builder.set_header(std::vector<std::string>(builder.width()));
  return builder.finish(options.missing);
}

Table read_table(const std::filesystem::path& path, const TableOptions& options) {
  const Bytes bytes = read_plain_or_gzip(path);
  return parse_table({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string(),
                     options);
}

}  // namespace chainrule::data
