#include "chainrule/data/libsvm.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/data/table_builder.h"

namespace chainrule::data {
namespace {

constexpr std::string_view kSpaces = " \t";

struct SparseRow {
  Index line = 0;
  std::string_view label;
  std::vector<std::pair<Index, std::string_view>> values;
};

class LibsvmReader {
 public:
  LibsvmReader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  /// The next row; false at the end.
  bool next(SparseRow& row) {
    while (at_ < text_.size()) {
      const std::size_t end = std::min(text_.find_first_of("\r\n", at_), text_.size());
      std::string_view line = text_.substr(at_, end - at_);
      at_ = end + (text_.substr(end, 2) == "\r\n" ? 2 : 1);
      ++line_;
      line = line.substr(0, line.find('#'));
      if (line.find_first_not_of(kSpaces) == line.npos) continue;
      row = {line_, take_word(line), {}};
      while (!line.empty()) read_pair(take_word(line), row);
      return true;
    }
    return false;
  }
  bool queries() const { return queries_; }

 private:
  [[noreturn]] void refuse(std::string_view word) const {
    throw DataError(cat(name_, ": line ", line_, " has ", shown(word),
                        ", expected a label and pairs such as 3:0.25"));
  }
  static std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(kSpaces), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(kSpaces));
    line.remove_prefix(word.size());
    line.remove_prefix(std::min(line.find_first_not_of(kSpaces), line.size()));
    return word;
  }
  void read_pair(std::string_view word, SparseRow& row) {
    const std::size_t colon = word.find(':');
    if (colon == word.npos || row.label.find(':') != row.label.npos) refuse(word);
    if (word.substr(0, colon) == "qid") {
      queries_ = true;
      return;
    }
    Index index = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + colon, index);
    if (end != word.data() + colon || error != std::errc() || index < 0 ||
        read_cell(word.substr(colon + 1)).kind == Cell::text)
      refuse(word);
    if (index >= kMaxColumns - 1)
      throw DataError(cat(name_, ": line ", line_, " has the feature ", index,
                          ", more than the limit of ", grouped(kMaxColumns), " columns"));
    row.values.emplace_back(index, word.substr(colon + 1));
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
  Index line_ = 0;
  bool queries_ = false;
};

/// 7 of "x7", which a model knows.
Index feature_number(std::string_view name) {
  Index number = 0;
  if (!name.starts_with('x')) return 0;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), number);
  const bool fits = end == name.data() + name.size() && error == std::errc();
  return fits && number > 0 && number < kMaxColumns - 1 ? number : 0;
}

}  // namespace

Table parse_libsvm(std::string_view text, std::string name, const TableOptions& options) {
  TableBuilder builder(name);
  Index first = 1, last = 1, rows = 0;
  for (const std::string& known : options.known) last = std::max(last, feature_number(known));
  SparseRow row;
  LibsvmReader once(text, name);
  for (; once.next(row); ++rows)
    for (const auto& [index, value] : row.values)
      first = std::min(first, index), last = std::max(last, index);
  const auto width = static_cast<std::size_t>(last - first + 2);
  builder.check_dense(text.size(), static_cast<std::size_t>(rows) * width);
  builder.reserve(static_cast<std::size_t>(rows) * width);

  std::vector<std::string> names = {"label"};
  for (Index i = first; i <= last; ++i) names.push_back(cat("x", i));
  builder.set_header(std::move(names));
  std::vector<std::string_view> cells(width);
  LibsvmReader again(text, name);
  while (again.next(row)) {
    std::ranges::fill(cells, std::string_view());
    for (const auto& [index, value] : row.values) {
      std::string_view& cell = cells[static_cast<std::size_t>(index - first + 1)];
      if (cell.data() != nullptr)
        throw DataError(cat(name, ": line ", row.line, " has the feature ", index, " twice"));
      cell = value;
    }
    builder.add(row.label, row.line);
    for (std::size_t i = 1; i < width; ++i)
      builder.add(cells[i].data() == nullptr ? "0" : cells[i], row.line);
    builder.end_row(row.line);
  }
  builder.table().format = "libsvm";
  builder.table().target = "label";
  if (again.queries()) builder.table().notes = ", without query numbers";
  return builder.finish(options.missing);
}

}  // namespace chainrule::data
