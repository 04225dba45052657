#include "chainrule/data/look.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <unordered_map>

#include "chainrule/core/error.h"

namespace chainrule::data {
namespace {

constexpr std::size_t kShownStrangers = 5;

/// Reads digits at the front of `s` and takes them away; -1 without exactly `least` to `most`.
int take_digits(std::string_view& s, std::size_t least, std::size_t most) {
  std::size_t n = 0;
  while (n < s.size() && n < most && s[n] >= '0' && s[n] <= '9') ++n;
  if (n < least) return -1;
  int value = 0;
  std::from_chars(s.data(), s.data() + n, value);
  s.remove_prefix(n);
  return value;
}

bool take_sign(std::string_view& s, char sign) {
  if (s.empty() || s[0] != sign) return false;
  s.remove_prefix(1);
  return true;
}

/// "12:30", "12:30:59", "12:30:59.25", "...Z" as a part of a day; -1 for anything else.
double day_part(std::string_view s) {
  if (s.ends_with('Z')) s.remove_suffix(1);
  const int hours = take_digits(s, 1, 2);
  if (hours < 0 || hours > 24 || !take_sign(s, ':')) return -1;
  const int minutes = take_digits(s, 2, 2);
  if (minutes < 0 || minutes > 59) return -1;
  double rest = 0;
  if (take_sign(s, ':')) {
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), rest);
    if (error != std::errc{} || end != s.data() + s.size() || !(rest >= 0 && rest < 61)) return -1;
  } else if (!s.empty()) {
    return -1;
  }
  return (hours * 3600 + minutes * 60 + rest) / 86400;
}

/// A number as another language writes it, in a table whose other numbers have points.
bool has_decimal_comma(const Table& t, std::string_view text) {
  std::string with_point(text);
  if (const std::size_t comma = text.find(','); comma != text.npos) with_point[comma] = '.';
  return t.dialect.decimal == '.' && t.dialect.delimiter != ',' &&
         read_cell(with_point).kind == Cell::number;
}

bool is_named(const std::vector<Index>& columns, Index c) {
  return std::binary_search(columns.begin(), columns.end(), c);
}

std::string in_list(const Table& t, const std::vector<Index>& columns) {
  constexpr std::size_t kMost = 6;
  std::string text;
  for (std::size_t i = 0; i < std::min(columns.size(), kMost); ++i)
    text += cat(i == 0 ? "" : ", ", shown(t.header[static_cast<std::size_t>(columns[i])]));
  return columns.size() > kMost ? cat(text, " and ", columns.size() - kMost, " more") : text;
}

/// Texts that name single rows rather than kinds of rows.
bool is_nearly_all_different(const ColumnLook& look) {
  constexpr Index kFewRows = 20;
  const Index cells = look.texts + look.numbers;
  return cells >= kFewRows && look.different * 2 > cells;
}

/// What is left out by itself, to be said together.
struct LeftOut {
  std::vector<Index> different, many, dates, empty, numbering;
};

void say_left_out(const Table& t, const LeftOut& out, std::vector<std::string>& notes) {
  const auto say = [&](const std::vector<Index>& columns, const char* why) {
    if (!columns.empty())
      notes.push_back(
          cat(in_list(t, columns), columns.size() == 1 ? " is" : " are", " left out: ", why));
  };
  say(out.different, "texts that are nearly all different (--categorical takes them)");
  say(out.many, "more than 100 different texts (--categorical takes them)");
  say(out.dates, "dates (--date makes numbers of them)");
  say(out.empty, "no cell has a value");
  say(out.numbering, "a number of the row, without a name");
}

void say_identifiers(const Table& t, const std::vector<Index>& columns,
                     std::vector<std::string>& notes) {
  if (!columns.empty())
    notes.push_back(cat(in_list(t, columns), columns.size() == 1 ? " counts" : " count",
                        " the rows: an identifier? (--ignore leaves it out)"));
}

}  // namespace

/// The texts are few, by their cells or by their kinds, or the numbers are measured ones. Whole
/// numbers among many different texts (tickets, codes) are names like these, and a few different
/// numbers ("2", "3", "5more") are kinds like these.
bool is_number_with_strangers(const ColumnLook& look) {
  constexpr Index kFewTexts = 5, kFewNumbers = 10;
  if (look.numbers == 0 || look.texts == 0) return false;
  if (look.numbers >= 9 * look.texts) return true;
  return look.different_numbers > kFewNumbers &&
         ((!look.whole && look.numbers >= look.texts) ||
          (look.different_texts <= kFewTexts && look.different_numbers > 2 * look.different_texts));
}

void refuse_strangers(const Table& t, Index column, const ColumnLook& look) {
  const std::string_view text = t.cell(look.first_text, column);
  const std::string& name = t.header[static_cast<std::size_t>(column)];
  if (has_decimal_comma(t, text))
    refuse_cell(t, look.first_text, column,
                shown(text) + " has a decimal comma, a decimal point is expected");
  std::string list;
  for (const std::string& s : look.strangers) list += (list.empty() ? "" : ", ") + s;
  if (look.different_texts > static_cast<Index>(look.strangers.size()))
    list += cat(" and ", look.different_texts - static_cast<Index>(look.strangers.size()), " more");
  refuse_cell(
      t, look.first_text, column,
      cat(shown(text), " is not a number, but ", look.numbers * 100 / (look.numbers + look.texts),
          " % of the column are; strange: ", list, "; --missing-value ",
          shown(name + "=" + std::string(text)), " or --categorical ", shown(name),
          " says what is meant"));
}

void refuse_cell(const Table& t, Index row, Index column, const std::string& why) {
  throw DataError(cat(t.name, ": line ", t.line(row), ", column ",
                      shown(t.header[static_cast<std::size_t>(column)]), ": ", why));
}

double number_at(const Table& t, Index row, Index column, bool date) {
  const std::string_view text = t.cell(row, column);
  if (date) {
    if (const std::optional<double> days = days_of(text)) return *days;
    refuse_cell(t, row, column, shown(text) + " is not a date such as 2020-01-31");
  }
  const Cell cell = t.read(row, column);
  if (cell.kind == Cell::missing) refuse_cell(t, row, column, "the value is missing");
  if (cell.kind == Cell::text) refuse_cell(t, row, column, shown(text) + " is not a number");
  if (cell.kind == Cell::infinite)
    refuse_cell(t, row, column, shown(text) + " is not a finite number");
  return cell.value;
}

bool is_code(std::string_view cell) {
  return cell.size() > 1 && cell[0] == '0' && cell.find_first_not_of("0123456789") == cell.npos;
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string canonical(const Table& t, Index row, Index column) {
  const std::string_view cell = t.cell(row, column);
  const Cell c = t.read(row, column);
  if (is_code(cell) || c.kind != Cell::number) return std::string(cell);
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), c.value + 0.0).ptr;
  return {text.data(), end};
}

std::optional<double> days_of(std::string_view s) {
  int year, month, day;
  const bool day_first = s.size() > 2 && (s[1] == '.' || s[2] == '.');
  if (day_first) {
    day = take_digits(s, 1, 2);
    if (day < 0 || !take_sign(s, '.')) return std::nullopt;
    month = take_digits(s, 1, 2);
    if (month < 0 || !take_sign(s, '.')) return std::nullopt;
    year = take_digits(s, 4, 4);
  } else {
    year = take_digits(s, 4, 4);
    if (year < 0 || s.empty() || (s[0] != '-' && s[0] != '/')) return std::nullopt;
    const char sign = s[0];
    take_sign(s, sign);
    month = take_digits(s, 1, 2);
    if (month < 0 || !take_sign(s, sign)) return std::nullopt;
    day = take_digits(s, 1, 2);
  }
  if (year < 0 || day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const auto days = static_cast<double>(std::chrono::sys_days(date).time_since_epoch().count());
  if (s.empty()) return days;
  if (!take_sign(s, 'T') && !take_sign(s, ' ')) return std::nullopt;
  const double part = day_part(s);
  return part < 0 ? std::nullopt : std::optional(days + part);
}

ColumnLook look_at(const Table& t, Index column) {
  ColumnLook look;
  std::unordered_map<std::string_view, Index> texts;
  std::set<double> numbers;
  std::vector<std::string_view> order;
  double before = -HUGE_VAL;
  for (Index row = 0; row < t.rows(); ++row) {
    const std::string_view text = t.cell(row, column);
    const Cell cell = t.read(row, column);
    if (cell.kind == Cell::missing) {
      ++look.missing;
    } else if (cell.kind == Cell::number) {
      ++look.numbers;
      numbers.insert(cell.value);
      look.whole &= cell.value == std::floor(cell.value);
      look.rising &= cell.value > before;
      before = cell.value;
    } else if (cell.kind == Cell::infinite) {
      if (look.infinite++ == 0) look.first_infinite = row;
    } else {
      if (look.texts++ == 0) look.first_text = row;
      if (days_of(text)) ++look.dates;
      if (++texts[text] == 1 && order.size() < kShownStrangers) order.push_back(text);
    }
  }
  look.different_texts = static_cast<Index>(texts.size());
  look.different_numbers = static_cast<Index>(numbers.size());
  look.different = look.different_texts + look.different_numbers;
  for (const std::string_view text : order)
    look.strangers.push_back(cat(shown(text), " (", texts[text], ")"));
  return look;
}

std::vector<Index> columns_of(const Table& t, const std::vector<std::string>& words) {
  std::set<Index> columns;
  for (const std::string& word : words)
    for (const Index c : t.select(word)) columns.insert(c);
  return {columns.begin(), columns.end()};
}

std::vector<FeatureColumn> feature_columns(const Table& t, const CsvOptions& o,
                                           const std::vector<Index>& targets,
                                           std::vector<std::string>& notes) {
  const std::vector<Index> ignored = columns_of(t, o.ignore), dates = columns_of(t, o.dates);
  const std::vector<Index> categorical = columns_of(t, o.categorical),
                           numeric = columns_of(t, o.numeric);
  const Index weight = o.weight.empty() ? -1 : t.column(o.weight);
  std::vector<FeatureColumn> found;
  std::vector<Index> counting;
  LeftOut out;
  for (Index c = 0; c < t.columns(); ++c) {
    const std::string& name = t.header[static_cast<std::size_t>(c)];
    const bool is_target = is_named(targets, c);
    const int told = is_named(categorical, c) + is_named(numeric, c) + is_named(dates, c) +
                     is_named(ignored, c) + (c == weight);
    if (is_target && (is_named(ignored, c) || c == weight))
      throw DataError(cat(t.name, ": the target ", shown(name), " is also to be ",
                          c == weight ? "the weight" : "ignored"));
    if (told > 1)
      throw DataError(cat(t.name, ": ", shown(name), " is told to be two things at once"));
    if (is_target || is_named(ignored, c) || c == weight) continue;
    const ColumnLook look = look_at(t, c);
    if (is_named(dates, c)) {
      found.push_back({c, InputKind::number, true});
    } else if (is_named(categorical, c) || t.kind(c) == ColumnKind::category) {
      found.push_back({c, InputKind::category});
    } else if (t.kind(c) == ColumnKind::number || look.texts == 0) {
      if (look.numbers + look.infinite == 0) {
        out.empty.push_back(c);
        continue;
      }
      if (look.texts > 0) refuse_strangers(t, c, look);
      if (look.infinite > 0) number_at(t, look.first_infinite, c);
      // Without a name it is what other programs write in front of each row.
      const bool unnamed = t.dialect.header && t.unnamed(c);
      const bool counts = look.whole && look.rising && look.missing == 0 && t.rows() >= 20 &&
                          look.different_numbers == t.rows();
      if (counts && unnamed) {
        out.numbering.push_back(c);
        continue;
      }
      if (counts && !is_named(numeric, c)) counting.push_back(c);
      found.push_back({c, InputKind::number});
    } else if (is_number_with_strangers(look) || has_decimal_comma(t, t.cell(look.first_text, c))) {
      refuse_strangers(t, c, look);
    } else if (look.dates * 10 >= look.texts * 9) {
      out.dates.push_back(c);
    } else if (is_nearly_all_different(look)) {
      out.different.push_back(c);
    } else if (look.different > kMaxCategories) {
      out.many.push_back(c);
    } else {
      found.push_back({c, InputKind::category});
    }
  }
  say_left_out(t, out, notes);
  say_identifiers(t, counting, notes);
  if (found.empty())
    throw DataError(cat(t.name, ": there is no column beside the target ", in_list(t, targets),
                        notes.empty() ? "" : " (" + notes[0] + ")"));
  return found;
}

}  // namespace chainrule::data
