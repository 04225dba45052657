#include "chainrule/data/dialect.h"

#include <algorithm>
#include <map>

#include "chainrule/core/error.h"
#include "chainrule/data/cell_scanner.h"
#include "chainrule/data/table.h"

namespace chainrule::data {
namespace {

constexpr std::size_t kSample = 1 << 16;
constexpr std::string_view kDelimiters = ",\t;|", kBlanks = " \t", kBreaks = "\r\n";

/// Digits with '-', '/', '.' or ':' between them: dates and times.
bool is_date(std::string_view s) {
  std::size_t digits = 0, signs = 0;
  for (const char c : s) {
    digits += c >= '0' && c <= '9' ? 1 : 0;
    signs += c == '-' || c == '/' || c == ':' || c == '.' ? 1 : 0;
  }
  return digits >= 3 && signs >= 1 && signs <= 6 && s.size() - digits - signs <= 2;
}

/// "5 2": what a wrong delimiter makes of "1,5 2,5".
bool is_row_of_numbers(std::string_view s) {
  for (std::size_t begin = 0; (begin = s.find_first_not_of(kBlanks, begin)) != s.npos;) {
    const std::size_t end = std::min(s.find_first_of(kBlanks, begin), s.size());
    if (read_cell(s.substr(begin, end - begin), ',').kind != Cell::number) return false;
    begin = end;
  }
  return true;
}

/// 1 for what cells of a table are, less for what a wrong delimiter leaves behind.
double likelihood(std::string_view cell, bool quoted) {
  constexpr double kText = 0.9, kTorn = 0.1;
  if (read_cell(cell, '.').kind != Cell::text || read_cell(cell, ',').kind != Cell::text) return 1;
  const bool torn =
      cell[0] == '"' || cell.find_first_of(kDelimiters) != cell.npos || is_row_of_numbers(cell);
  if (torn && !quoted) return kTorn;
  return is_date(cell) ? 1 : kText;
}

/// How well a dialect explains a text: rows of equal length, cells of known types. The first row
/// counts for its length alone, since names are texts.
struct Fit {
  double score = 0;
  /// Between equal scores: 2 when quotes stand where they must, or around all texts; 1 when there
  /// are none; 0 when they stand around some texts for no reason.
  int quotes = 1;
};

class Judge {
 public:
  /// `likelihoods` of the cells of a row; `filled`: which of them are not empty.
  void add_row(const std::vector<double>& likelihoods, const std::vector<bool>& filled) {
    lengths_[likelihoods.size()] += 1;
    if (rows_ == 0) first_ = likelihoods.size();
    filled_.resize(std::max(filled_.size(), filled.size()));
    for (std::size_t i = 0; i < filled.size(); ++i) filled_[i] = filled_[i] || filled[i];
    if (rows_++ == 0) return;
    for (const double x : likelihoods) sum_ += x;
    cells_ += static_cast<double>(likelihoods.size());
  }
  void add_text(std::string_view cell, bool quoted, const Dialect& d) {
    if (!quoted) {
      plain_ += read_cell(cell).kind == Cell::text ? 1 : 0;
      return;
    }
    const char special[] = {d.delimiter, d.quote, d.escape, '\r', '\n'};
    const bool needed = cell.find_first_of(std::string_view(special, 5)) != cell.npos ||
                        cell.starts_with(' ') || cell.ends_with(' ');
    (needed ? needed_ : idle_) += 1;
  }
  int quotes() const {
    if (needed_ + idle_ == 0) return 1;
    return idle_ == 0 || plain_ == 0 ? 2 : 0;
  }
  double score() const {
    double most = 0, length = 0;
    for (const auto& [cells, rows] : lengths_)
      if (rows >= most) most = rows, length = static_cast<double>(cells);
    double split = length > 1 ? (length - 1) / length : 1e-3;
    if (static_cast<double>(first_) != length && static_cast<double>(first_ + 1) != length)
      split /= 2;  // a header that does not fit
    return rows_ == 0 ? 0 : most / rows_ * split * (cells_ > 0 ? sum_ / cells_ : 0.5);
  }
  bool has_empty_column() const { return std::ranges::count(filled_, false) > 0; }

 private:
  std::map<std::size_t, double> lengths_;  // rows of each number of cells
  std::vector<bool> filled_;
  std::size_t first_ = 0;
  Index plain_ = 0, needed_ = 0, idle_ = 0;  // texts without quotes, quoted cells
  double rows_ = 0, sum_ = 0, cells_ = 0;
};

/// No score at all for a quote that is not closed, or closed in the middle of a cell.
Fit judge(std::string_view text, const Dialect& d) {
  constexpr std::size_t kLongQuote = 4096;
  const bool cut = text.size() - d.skip > kSample;
  CellScanner scanner(text.substr(0, d.skip + kSample), d);
  Judge all;
  Fit fit;
  std::string cell;
  std::vector<double> likelihoods;
  std::vector<bool> filled;
  while (scanner.next_row()) {
    likelihoods.clear(), filled.clear();
    while (cell.clear(), scanner.next_cell(cell)) {
      likelihoods.push_back(likelihood(cell, scanner.quoted() || scanner.escaped()));
      filled.push_back(!cell.empty());
      all.add_text(cell, scanner.quoted(), d);
    }
    if (scanner.fault() != CellScanner::Fault::none) {
      const bool at_cut = cut && scanner.fault() == CellScanner::Fault::open_quote;
      if (!at_cut || cell.size() > kLongQuote) return {};
    }
    if (!(cut && scanner.at_end())) all.add_row(likelihoods, filled);
  }
  // A column that is empty throughout is one blank too many; "# made by hand" is no row.
  if (d.delimiter != ' ' || d.runs || !all.has_empty_column())
    fit.score =
        all.score() *
        (d.delimiter == ' ' && text.substr(d.skip, 2) == "# " && d.comment != '#' ? 0.99 : 1);
  fit.quotes = all.quotes();
  return fit;
}

/// Does a backslash always stand before what it could take the meaning of?
bool is_escape(std::string_view text) {
  bool found = false;
  for (std::size_t at = 0; (at = text.find('\\', at)) != text.npos; at += 2, found = true)
    if (at + 1 == text.size() ||
        std::string_view(",;\t| \"'\\\r\n").find(text[at + 1]) == text.npos)
      return false;
  return found;
}

/// Quotes that may stand around cells. Where a backslash stands before one kind only, it is that.
std::string quotes_in(std::string_view text, bool escapes) {
  const auto starts_a_cell = [&](char quote) {
    for (std::size_t at = 0; (at = text.find(quote, at)) != text.npos; ++at)
      if (at == 0 || std::string_view(",;\t| \r\n").find(text[at - 1]) != text.npos) return true;
    return false;
  };
  if (escapes) {
    const bool doubles = text.find("\\\"") != text.npos, singles = text.find("\\'") != text.npos;
    if (doubles != singles) return doubles ? "\"" : "'";
  }
  return starts_a_cell('\'') ? "\"'" : "\"";
}

/// Where CR and LF both stand alone, one of them may be a part of cells.
std::string line_ends_in(std::string_view text) {
  std::size_t cr = 0, lf = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "\r\n")
      ++i;
    else
      cr += text[i] == '\r' ? 1 : 0, lf += text[i] == '\n' ? 1 : 0;
  }
  std::string ends(1, '\0');
  if (cr > 0 && lf > 0) ends += cr > lf ? '\r' : '\n';
  return ends;
}

/// Lines that begin with `sign` are comments only where they stand above all others or are at most
/// half of all.
bool can_be_comment(std::string_view text, char sign) {
  std::size_t lines = 0, with = 0, above = 0;
  for (std::size_t at = 0; (at = text.find_first_not_of("\r\n \t", at)) != text.npos;
       at = std::min(text.find_first_of(kBreaks, at), text.size())) {
    ++lines;
    if (text[at] != sign) continue;
    ++with;
    if (above + 1 == lines) ++above;
  }
  return with > 0 && with < lines && (with == above || with * 2 <= lines);
}

/// "sep=;", by which spreadsheets are told the delimiter: bytes of the line with its end.
std::size_t sep_line(std::string_view text, char& delimiter) {
  const bool in_quotes = text.starts_with("\"sep=");
  if (!in_quotes && !text.starts_with("sep=") && !text.starts_with("SEP=")) return 0;
  const std::size_t at = in_quotes ? 5 : 4;
  std::size_t end = at + 1 + (in_quotes ? 1 : 0);
  if (end >= text.size() || kBreaks.find(text[end]) == text.npos) return 0;
  delimiter = text[at];
  end += text.substr(end).starts_with("\r\n") ? 2 : 1;
  return end;
}

std::vector<Dialect> candidates(std::string_view text, const TableOptions& o) {
  Dialect first;
  std::optional<char> delimiter = o.delimiter;
  char told = 0;
  first.skip = sep_line(text, told);
  if (first.skip > 0 && !delimiter) delimiter = told;
  const std::string_view sample = text.substr(first.skip, kSample);

  std::vector<Dialect> all = {first};
  // Each dialect so far with each of the given settings.
  const auto times = [&](const auto& values, auto set) {
    std::vector<Dialect> next;
    for (const auto& value : values)
      for (Dialect d : all) set(d, value), next.push_back(d);
    all = std::move(next);
  };
  std::string delimiters, comments(1, '\0'), escapes;
  for (const char c : kDelimiters)
    if (c == ',' || sample.find(c) != sample.npos) delimiters += c;
  if (sample.find_first_of(kBlanks) != sample.npos) delimiters += ' ';
  if (delimiter) delimiters = *delimiter;
  for (const char c : {'#', '%'})
    if (can_be_comment(sample, c)) comments += c;
  if (o.comment) comments = *o.comment;
  if (is_escape(sample)) escapes += '\\';
  const std::string quotes =
      o.quote ? std::string(1, *o.quote) : quotes_in(sample, !escapes.empty());
  escapes += '\0';
  times(line_ends_in(sample), [](Dialect& d, char c) { d.line_end = c; });
  times(escapes, [](Dialect& d, char c) { d.escape = c; });
  times(quotes, [](Dialect& d, char c) { d.quote = c; });
  times(delimiters, [](Dialect& d, char c) { d.delimiter = c, d.runs = c == ' '; });
  times(comments, [](Dialect& d, char c) { d.comment = c; });
  const std::size_t count = all.size();
  for (std::size_t i = 0; i < count; ++i)
    if (all[i].runs) all.push_back(all[i]), all.back().runs = false;
  return all;
}

std::string delimiter_name(const Dialect& d) {
  switch (d.delimiter) {
    case ',':
      return "comma";
    case ';':
      return "semicolon";
    case '\t':
      return "tab";
    case ' ':
      return d.runs ? "blanks" : "single blanks";
    default:
      return cat("delimiter ", d.delimiter);
  }
}

}  // namespace

std::string Dialect::str() const {
  std::string text = delimiter_name(*this) + (header ? ", header, " : ", no header, ");
  text += encoding_name(encoding);
  if (decimal != '.') text += ", decimal comma";
  if (quote == '\0') text += ", no quotes";
  if (quote != '"' && quote != '\0') text += cat(", quotes ", quote);
  if (escape != '\0') text += cat(", escapes ", escape);
  if (comment != '\0') text += cat(", comments ", comment);
  return text;
}

Dialect find_dialect(std::string_view text, const TableOptions& options) {
  const std::vector<Dialect> all = candidates(text, options);
  Dialect best = all.front();
  Fit fit;
  for (const Dialect& d : all) {
    const Fit next = judge(text, d);
    constexpr double kSame = 1e-9;
    const bool better = next.score > fit.score + kSame ||
                        (next.score > fit.score - kSame && next.quotes > fit.quotes);
    if (better) best = d, fit = next;
  }
  return best;
}

}  // namespace chainrule::data
