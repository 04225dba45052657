#include "chainrule/data/table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>

#include "chainrule/core/error.h"
#include "chainrule/core/number.h"
#include "chainrule/core/plain_text.h"

namespace chainrule::data {
namespace {

bool is_any_of(std::string_view s, std::span<const std::string_view> words) {
  std::string lower(s);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return std::ranges::find(words, lower) != words.end();
}

constexpr std::string_view kDashes[] = {"-", "--", ".", "none"};

/// Missing in a column of numbers only: they could be categories.
bool is_dash(std::string_view s) { return !s.empty() && s.size() <= 4 && is_any_of(s, kDashes); }

/// "1.234,5" with a point instead of the comma; empty when it is no such number.
std::string_view with_point(std::string_view s, std::array<char, 64>& room) {
  if (s.size() > room.size()) return {};
  const std::size_t comma = s.find(',');
  const std::string_view whole = s.substr(0, comma);
  const std::size_t first = whole.find('.');
  if (first == whole.npos && comma == s.npos) return s;
  std::size_t used = 0, since = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (whole[i] != '.') {
      room[used++] = whole[i];
      since += 1;
      continue;
    }
    const bool sign = whole[0] == '-' || whole[0] == '+';
    const bool group = i == first ? i >= (sign ? 2u : 1u) && i <= (sign ? 4u : 3u) : since == 3;
    if (!group) return {};
    since = 0;
  }
  if (first != whole.npos && since != 3) return {};
  if (comma != s.npos) {
    room[used++] = '.';
    for (const char c : s.substr(comma + 1)) room[used++] = c == ',' || c == '.' ? 'x' : c;
  }
  return {room.data(), used};
}

/// "*" is any text, "?" any character.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = pattern.npos, retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++, retry = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p, ++t;
    } else if (star != pattern.npos) {
      p = star + 1, t = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

}  // namespace

Cell Table::read(Index row, Index column) const {
  const std::string_view text = cell(row, column);
  const ColumnRule& rule = columns_[static_cast<std::size_t>(column)];
  if (rule.dashes && is_dash(text)) return {Cell::missing};
  const Cell c = read_cell(text, dialect.decimal);
  for (const std::string& marker : rule.missing) {
    if (text == marker) return {Cell::missing};
    if (c.kind != Cell::number) continue;
    const Cell m = read_cell(marker);
    if (m.kind == Cell::number && m.value == c.value) return {Cell::missing};
  }
  return c;
}

std::string Table::how() const { return (format.empty() ? dialect.str() : format) + notes; }

Index Table::find(std::string_view wanted) const {
  const auto found = std::ranges::find(header, wanted);
  if (found != header.end()) return found - header.begin();
  const std::string_view meant = closest(wanted, header);
  std::string hint = " (did you mean " + shown(meant) + "?)";
  if (meant.empty()) {
    constexpr std::size_t kMost = 10;
    hint = ", the columns are ";
    for (std::size_t i = 0; i < std::min(header.size(), kMost); ++i)
      hint += (i == 0 ? "" : ", ") + shown(header[i]);
    if (header.size() > kMost) hint += cat(" and ", header.size() - kMost, " more");
  }
  throw DataError(cat(name, ": no column is called ", shown(wanted), hint));
}

Index Table::column(std::string_view word) const {
  if (const auto found = std::ranges::find(header, word); found != header.end())
    return found - header.begin();
  Index number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (word.empty() || end != word.data() + word.size() || error != std::errc()) return find(word);
  if (number == 0 || number > columns() || number < -columns())
    throw DataError(cat(name, ": there is no column ", number, ", there are ", columns(),
                        ", counted from 1, or from -1 at the end"));
  return number > 0 ? number - 1 : columns() + number;
}

std::vector<Index> Table::select(std::string_view words) const {
  if (std::ranges::find(header, words) != header.end()) return {find(words)};
  std::vector<bool> chosen(header.size());
  for (std::size_t begin = 0; begin <= words.size();) {
    const std::size_t end = std::min(words.find(',', begin), words.size());
    std::string_view word = words.substr(begin, end - begin);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    begin = end + 1;
    bool found = false;
    if (word.find_first_of("*?") != word.npos)
      for (std::size_t i = 0; i < header.size(); ++i)
        if (matches(word, header[i])) chosen[i] = found = true;
    if (!found) chosen[static_cast<std::size_t>(column(word))] = true;
  }
  std::vector<Index> columns;
  for (std::size_t i = 0; i < chosen.size(); ++i)
    if (chosen[i]) columns.push_back(static_cast<Index>(i));
  return columns;
}

void Table::count_as_missing(Index column, std::string value) {
  columns_[static_cast<std::size_t>(column)].missing.push_back(std::move(value));
}

void Table::set_kind(Index column, ColumnKind kind) {
  ColumnRule& rule = columns_[static_cast<std::size_t>(column)];
  rule.kind = kind;
  rule.dashes = kind == ColumnKind::number;
  if (kind != ColumnKind::automatic) return;
  bool any = false;
  for (Index row = 0; row < rows() && !any; ++row) any = is_dash(cell(row, column));
  if (!any) return;
  Index numbers = 0, texts = 0;
  for (Index row = 0; row < rows(); ++row) {
    if (is_dash(cell(row, column))) continue;
    const Cell::Kind k = read(row, column).kind;
    numbers += k == Cell::number ? 1 : 0;
    texts += k == Cell::text ? 1 : 0;
  }
  rule.dashes = numbers > texts;
}

Cell read_cell(std::string_view s, char decimal) {
  if (s.size() <= 4 && (s.empty() || s[0] == '?' || s[0] == '#' || s[0] == '<' || s[0] >= 'A'))
    if (is_any_of(s, kUsualMissing)) return {Cell::missing};
  std::array<char, 64> room{};
  if (decimal == ',')
    if (const std::string_view plain = with_point(s, room); !plain.empty()) s = plain;
  if (s.size() > 1 && s[0] == '+' && s[1] != '-') s.remove_prefix(1);
  double value = 0;
  const auto [end, error] = read_number(s.data(), s.data() + s.size(), value);
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
