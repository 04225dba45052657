#include "chainrule/data/arff.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/data/cell_scanner.h"
#include "chainrule/data/table_builder.h"

namespace chainrule::data {
namespace {

constexpr std::string_view kBlank = " \t", kEnds = "\r\n";

struct Attribute {
  std::string name, first_category;
  ColumnKind kind = ColumnKind::automatic;
};

std::string lower_case(std::string_view s) {
  std::string lower(s);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

class ArffParser {
 public:
  ArffParser(std::string_view text, std::string name) : text_(text), builder_(std::move(name)) {}

  Table parse(const TableOptions& options) {
    read_attributes();
    Table& table = builder_.table();
    table.format = "ARFF";
    std::vector<std::string> names;
    for (const Attribute& a : attributes_) names.push_back(a.name);
    builder_.set_header(names);
    const std::size_t first = text_.find_first_not_of(" \t\r\n", at_);
    if (first != text_.npos && text_[first] == '{')
      read_sparse();
    else
      read_dense();
    for (std::size_t i = 0; i < attributes_.size(); ++i)
      table.set_kind(static_cast<Index>(i), attributes_[i].kind);
    return builder_.finish(options.missing);
  }

 private:
  [[noreturn]] void refuse(Index line, const std::string& why) {
    throw DataError(cat(builder_.table().name, ": line ", line, " ", why));
  }

  /// The next line, without blanks around it.
  std::string_view next_line() {
    const std::size_t end = std::min(text_.find_first_of(kEnds, at_), text_.size());
    std::string_view line = text_.substr(at_, end - at_);
    at_ = end + (text_.substr(end, 2) == "\r\n" ? 2 : 1);
    at_ = std::min(at_, text_.size());
    ++line_;
    line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
    return line.substr(0, line.find_last_not_of(kBlank) + 1);
  }

  /// A word or a quoted text at the beginning of `rest`, which it is taken from.
  std::string take_word(std::string_view& rest) {
    std::string word;
    const char quote = rest.empty() ? ' ' : rest[0];
    std::size_t at = 0;
    if (quote == '\'' || quote == '"') {
      for (at = 1; at < rest.size() && rest[at] != quote; ++at) {
        if (rest[at] == '\\' && at + 1 < rest.size()) ++at;
        word += rest[at];
      }
      if (at == rest.size()) refuse(line_, "opens a quote that is never closed");
      ++at;
    } else {
      at = std::min(rest.find_first_of(" \t,{}"), rest.size());
      word = rest.substr(0, at);
    }
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlank, at), rest.size()));
    return word;
  }

  void read_attributes() {
    while (at_ < text_.size()) {
      std::string_view line = next_line();
      if (line.empty() || line[0] == '%') continue;
      const std::string keyword = lower_case(take_word(line));
      if (keyword == "@data") {
        if (attributes_.empty()) refuse(line_, "begins the rows, but no @attribute stands above");
        return;
      }
      if (keyword == "@relation") continue;
      if (keyword != "@attribute")
        refuse(line_, cat("begins with ", shown(keyword), ", expected @attribute or @data"));
      read_attribute(line);
    }
    throw DataError(builder_.table().name + ": the ARFF file has no line @data");
  }

  void read_attribute(std::string_view rest) {
    Attribute a;
    a.name = take_word(rest);
    if (a.name.empty() || rest.empty()) refuse(line_, "lacks the name or the type of an attribute");
    if (rest[0] == '{') {
      a.kind = ColumnKind::category;
      rest.remove_prefix(1);
      rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
      a.first_category = take_word(rest);
    } else {
      const std::string type = lower_case(take_word(rest));
      if (type == "numeric" || type == "real" || type == "integer")
        a.kind = ColumnKind::number;
      else if (type != "string" && type != "date")
        refuse(line_, cat("has an attribute of type ", shown(type),
                          ", expected numeric, real, integer, string, date or {categories}"));
    }
    if (static_cast<Index>(attributes_.size()) == kMaxColumns)
      refuse(line_, cat("has one more attribute than ", grouped(kMaxColumns), ", the limit"));
    attributes_.push_back(std::move(a));
  }

  void read_dense() {
    const std::string_view rows = text_.substr(at_);
    Dialect dialect{.quote = '\'', .other_quote = '"', .escape = '\\', .comment = '%'};
    if (rows.find(',') == rows.npos) dialect.delimiter = ' ', dialect.runs = true;
    builder_.table().dialect = dialect;
    CellScanner scanner(rows, dialect);
    while (scanner.next_row()) {
      const Index line = line_ + scanner.line();
      std::size_t cells = 0;
      while (scanner.next_cell(builder_.text())) {
        if (scanner.fault() != CellScanner::Fault::none)
          refuse(line_ + scanner.line(), "has a cell whose quotes are wrong, or that is too long");
        builder_.end_cell(line);
        ++cells;
      }
      if (cells != attributes_.size())
        refuse(line,
               cat("has ", cells, " cells, but there are ", attributes_.size(), " attributes"));
      builder_.end_row(line);
    }
  }

  void read_sparse() {
    builder_.table().notes = ", sparse";
    std::vector<std::string> row(attributes_.size());
    while (at_ < text_.size()) {
      std::string_view line = next_line();
      if (line.empty() || line[0] == '%') continue;
      if (line[0] != '{') refuse(line_, "is no sparse row, as others are: '{' was expected");
      for (std::size_t i = 0; i < row.size(); ++i)
        row[i] = attributes_[i].kind == ColumnKind::category ? attributes_[i].first_category : "0";
      std::string_view rest = line.substr(1);
      rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
      while (!rest.starts_with('}')) {
        const std::string number = take_word(rest);
        std::size_t index = 0;
        const auto [end, error] =
            std::from_chars(number.data(), number.data() + number.size(), index);
        if (number.empty() || error != std::errc() || end != number.data() + number.size() ||
            index >= row.size())
          refuse(line_,
                 cat("names the attribute ", shown(number), ", expected 0 to ", row.size() - 1));
        row[index] = take_word(rest);
        if (rest.starts_with(','))
          rest.remove_prefix(std::min(rest.find_first_not_of(kBlank, 1), rest.size()));
        else if (!rest.starts_with('}'))
          refuse(line_, "lacks the '}' at its end");
      }
      for (const std::string& cell : row) builder_.add(cell, line_);
      builder_.end_row(line_);
      builder_.check_dense(text_.size());
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Index line_ = 0;
  std::vector<Attribute> attributes_;
  TableBuilder builder_;
};

}  // namespace

Table parse_arff(std::string_view text, std::string name, const TableOptions& options) {
  return ArffParser(text, std::move(name)).parse(options);
}

}  // namespace chainrule::data
