#include "chainrule/data/table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "chainrule/core/error.h"
#include "chainrule/core/plain_text.h"
#include "chainrule/data/file.h"

namespace chainrule::data {

class CsvParser {
 public:
  CsvParser(std::string_view text, std::string name) : text_(text) {
    table_.name = std::move(name);
  }

  Table parse() {
    check_encoding();
    table_.delimiter = most_frequent_delimiter();
    while (skip_blank_lines()) {
      const Index line = line_;
      std::size_t cells = 0;
      do {
        read_cell();
        if (static_cast<Index>(++cells) > kMaxColumns)
          refuse(line, cat("has more than ", grouped(kMaxColumns), " fields, the limit"));
      } while (take(table_.delimiter));
      end_line();
      if (table_.header.empty()) {
        take_header();
      } else if (cells != table_.header.size()) {
        refuse(line, cat("has ", cells, " fields, the header has ", table_.header.size()));
      } else {
        table_.lines_.push_back(static_cast<std::uint32_t>(line));
      }
    }
    if (table_.header.empty()) throw DataError(table_.name + ": the file is empty");
    if (table_.rows() == 0) throw DataError(table_.name + ": no rows below the header");
    return std::move(table_);
  }

 private:
  [[noreturn]] void refuse(Index line, const std::string& why) const {
    throw DataError(cat(table_.name, ": line ", line, " ", why));
  }

  void check_encoding() {
    if (text_.size() > kMaxFileBytes) throw DataError(table_.name + ": the text is too long");
    if (text_.starts_with("\xff\xfe") || text_.starts_with("\xfe\xff"))
      throw DataError(table_.name + ": the text is UTF-16, save it as UTF-8");
    if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
    if (const std::size_t at = text_.find('\0'); at != text_.npos)
      refuse(1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at), '\n'),
             "holds a zero byte, a text file was expected");
  }

  char most_frequent_delimiter() const {
    constexpr std::string_view kDelimiters = ",;\t";
    std::array<Index, kDelimiters.size()> count{};
    bool quoted = false;
    for (const char c : text_.substr(std::min(text_.find_first_not_of("\r\n"), text_.size()))) {
      if (c == '"') quoted = !quoted;
      if (quoted) continue;
      if (c == '\n' || c == '\r') break;
      if (const std::size_t d = kDelimiters.find(c); d != kDelimiters.npos) ++count[d];
    }
    return kDelimiters[static_cast<std::size_t>(std::max_element(count.begin(), count.end()) -
                                                count.begin())];
  }

  bool at_end() const { return at_ == text_.size(); }
  bool at_line_end() const { return at_end() || text_[at_] == '\n' || text_[at_] == '\r'; }
  bool at_blank() const {
    return !at_end() && text_[at_] != table_.delimiter && (text_[at_] == ' ' || text_[at_] == '\t');
  }
  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void end_line() {
    if (at_end()) return;
    if (take('\r'))
      take('\n');
    else
      take('\n');
    ++line_;
  }
  /// False at the end of the text.
  bool skip_blank_lines() {
    while (!at_end()) {
      const std::size_t begin = at_;
      while (at_blank()) ++at_;
      if (!at_line_end()) {
        at_ = begin;
        return true;
      }
      end_line();
    }
    return false;
  }

  void read_cell() {
    std::string& all = table_.text_;
    const std::size_t begin = all.size();
    while (at_blank()) ++at_;
    if (take('"')) {
      const Index line = line_;
      while (true) {
        if (at_end()) refuse(line, "opens a quote that is never closed");
        if (all.size() - begin > kMaxCell)
          refuse(line, cat("has a field longer than ", grouped(static_cast<Index>(kMaxCell)),
                           " bytes (is a quote not closed?)"));
        const char c = text_[at_];
        if (c == '"') {
          ++at_;
          if (!take('"')) break;
        } else {
          ++at_;
          if (c == '\n') ++line_;
        }
        all += c;
      }
      while (at_blank()) ++at_;
      if (!at_line_end() && text_[at_] != table_.delimiter)
        refuse(line_, "has text after the closing quote of a field");
    } else {
      const std::size_t from = at_;
      while (!at_line_end() && text_[at_] != table_.delimiter) ++at_;
      if (at_ - from > kMaxCell)
        refuse(line_,
               cat("has a field longer than ", grouped(static_cast<Index>(kMaxCell)), " bytes"));
      std::size_t to = at_;
      while (to > from && (text_[to - 1] == ' ' || text_[to - 1] == '\t')) --to;
      all += text_.substr(from, to - from);
    }
    table_.ends_.push_back(static_cast<std::uint32_t>(all.size()));
  }

  void take_header() {
    std::set<std::string> names;
    std::size_t begin = 0;
    for (const std::uint32_t end : table_.ends_) {
      std::string name = table_.text_.substr(begin, end - begin);
      if (name.empty()) name = cat("(column ", table_.header.size() + 1, ")");
      if (!names.insert(name).second)
        throw DataError(
            cat(table_.name, ": two columns are called ", shown(name), no_header(name)));
      table_.header.push_back(std::move(name));
      begin = end;
    }
    table_.text_.clear();
    table_.ends_.clear();
  }

  static std::string no_header(const std::string& name) {
    const bool number = name.find_first_not_of("0123456789.-+eE") == name.npos;
    return number ? " (is the line of column names missing?)" : "";
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Index line_ = 1;
  Table table_;
};

std::string_view Table::cell(Index row, Index column) const {
  const auto i = static_cast<std::size_t>(row * columns() + column);
  const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
  return std::string_view(text_).substr(begin, ends_[i] - begin);
}

Index Table::find(std::string_view column) const {
  const auto found = std::find(header.begin(), header.end(), column);
  if (found != header.end()) return found - header.begin();
  const std::string_view meant = closest(column, header);
  std::string hint = " (did you mean " + shown(meant) + "?)";
  if (meant.empty()) {
    constexpr std::size_t kMost = 10;
    hint = ", the columns are ";
    for (std::size_t i = 0; i < std::min(header.size(), kMost); ++i)
      hint += (i == 0 ? "" : ", ") + shown(header[i]);
    if (header.size() > kMost) hint += cat(" and ", header.size() - kMost, " more");
  }
  throw DataError(cat(name, ": no column is called ", shown(column), hint));
}

Table parse_csv(std::string_view text, std::string name) {
  return CsvParser(text, std::move(name)).parse();
}

Table read_csv(const std::filesystem::path& path) {
  const Bytes bytes = read_plain_or_gzip(path);
  return parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

Cell read_cell(std::string_view s) {
  if (s.size() <= 4 && (s.empty() || s[0] == '?' || s[0] >= 'A')) {
    std::string lower(s);
    for (char& c : lower)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    for (const std::string_view word : {"", "na", "n/a", "nan", "null", "?"})
      if (lower == word) return {Cell::missing};
  }
  if (s.size() > 1 && s[0] == '+' && s[1] != '-') s.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
  if (end != s.data() + s.size() || error == std::errc::invalid_argument) return {Cell::text};
  const bool tiny = error == std::errc::result_out_of_range && s.find('-', 1) != s.npos;
  if (tiny) return {Cell::number, 0};
  if (error != std::errc() || !(std::abs(value) <= std::numeric_limits<float>::max()))
    return {Cell::infinite};
  return {Cell::number, value};
}

std::string shown(std::string_view cell) {
  constexpr std::size_t kLongest = 40;
  return cat("'", without_controls(std::string(cell.substr(0, kLongest))),
             cell.size() > kLongest ? "...'" : "'");
}

}  // namespace chainrule::data
