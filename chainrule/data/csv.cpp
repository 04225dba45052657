#include "chainrule/data/csv.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "chainrule/core/error.h"

namespace chainrule::data {
namespace {

using Rows = std::vector<std::int32_t>;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

[[noreturn]] void refuse(const Table& t, Index row, Index column, const std::string& why) {
  throw DataError(
      cat(t.name, ": line ", t.line(row), ", column ", shown(t.header[at(column)]), ": ", why));
}

double number(const Table& t, Index row, Index column) {
  const std::string_view text = t.cell(row, column);
  const Cell cell = t.read(row, column);
  if (cell.kind == Cell::missing) refuse(t, row, column, "the value is missing");
  if (cell.kind == Cell::text) refuse(t, row, column, shown(text) + " is not a number");
  if (cell.kind == Cell::infinite) refuse(t, row, column, shown(text) + " is not a finite number");
  return cell.value;
}

/// Is a column one of numbers? Refuses one that seems to be, but is not throughout.
bool is_numeric(const Table& t, Index column) {
  std::array<Index, 4> count{}, first{};
  for (Index row = 0; row < t.rows(); ++row) {
    const auto kind = static_cast<std::size_t>(t.read(row, column).kind);
    if (count[kind]++ == 0) first[kind] = row;
  }
  const auto [missing, numbers, infinite, texts] = count;
  const Index first_text = first[3];
  if (missing == t.rows())
    throw DataError(cat(t.name, ": column ", shown(t.header[at(column)]), " has no values"));
  if (texts == 0) {
    if (infinite > 0) number(t, first[2], column);
    return true;
  }
  const std::string_view text = t.cell(first_text, column);
  if (numbers * 10 >= (numbers + texts) * 9)
    refuse(t, first_text, column,
           cat(shown(text), " is not a number, but ", numbers * 100 / (numbers + texts),
               " % of the column are"));
  std::string with_point(text);
  if (const std::size_t comma = text.find(','); comma != text.npos) with_point[comma] = '.';
  if (t.dialect.delimiter != ',' && read_cell(with_point).kind == Cell::number)
    refuse(t, first_text, column,
           shown(text) + " has a decimal comma, a decimal point is expected");
  return false;
}

std::vector<Index> feature_columns(const Table& t, const CsvOptions& o, Index target) {
  std::set<Index> left_out{target};
  for (const std::string& name : o.ignore)
    if (!left_out.insert(t.find(name)).second && name == o.target)
      throw DataError(cat(t.name, ": the target ", shown(name), " is also to be ignored"));
  std::vector<Index> columns;
  for (Index c = 0; c < t.columns(); ++c) {
    if (left_out.contains(c)) continue;
    if (t.dialect.header && t.unnamed(c))
      throw DataError(cat(t.name, ": column ", c + 1,
                          " has no name (row numbers?); name it, or ignore '", t.header[at(c)],
                          "'"));
    columns.push_back(c);
  }
  if (columns.empty())
    throw DataError(cat(t.name, ": there is no column beside the target ", shown(o.target)));
  return columns;
}

/// Rows to use, by what is to be done about missing values in the given columns.
Rows usable_rows(const Table& t, std::vector<Index> columns, Index target, bool need_target,
                 Missing missing) {
  if (need_target) columns.push_back(target);
  Rows rows;
  std::map<Index, std::pair<Index, Index>> refused;  // by column: how many, first row
  for (Index row = 0; row < t.rows(); ++row) {
    bool complete = true;
    for (const Index c : columns) {
      if (t.read(row, c).kind != Cell::missing) continue;
      complete = false;
      if (missing == Missing::error || (missing == Missing::mean && need_target && c == target))
        ++refused.try_emplace(c, 0, row).first->second.first;
    }
    if (complete || missing == Missing::mean) rows.push_back(static_cast<std::int32_t>(row));
  }
  if (!refused.empty()) {
    std::string list;
    constexpr std::size_t kMost = 5;
    std::size_t told = 0;
    for (const auto& [c, seen] : refused)
      if (told++ < kMost)
        list += cat(told == 1 ? "" : ", ", shown(t.header[at(c)]), " ", seen.first,
                    " (first in line ", t.line(seen.second), ")");
    if (told > kMost) list += cat(" and ", told - kMost, " more columns");
    throw DataError(cat(t.name, ": missing values: ", list,
                        missing == Missing::mean ? "; the target cannot be filled in"
                                                 : "; drop these rows or fill in the mean"));
  }
  if (rows.empty()) throw DataError(t.name + ": every row has a missing value");
  return rows;
}

/// A class as it is called: numbers in one way of writing, so that 1 and 1.0 are the same.
std::string class_name(std::string_view cell) {
  const Cell c = read_cell(cell);
  if (c.kind != Cell::number) return std::string(cell);
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), c.value + 0.0).ptr;
  return {text.data(), end};
}

/// What is to be predicted, for each of the rows: a class or a number.
struct Target {
  std::vector<std::string> class_names;
  std::vector<std::int32_t> classes;
  std::vector<double> numbers;
};

Target read_target(const Table& t, Index column, const Rows& rows, Task task) {
  const bool numeric = task != Task::classification && is_numeric(t, column);
  std::map<std::string, std::int32_t, std::less<>> names;
  Target target;
  constexpr std::size_t kMostWhole = 20;
  bool all_numbers = true, all_whole = true;
  for (const std::int32_t row : rows) {
    const Cell cell = t.read(row, column);
    all_numbers &= cell.kind == Cell::number;
    all_whole &= cell.kind == Cell::number && cell.value == std::floor(cell.value);
    if (task == Task::regression || numeric) target.numbers.push_back(number(t, row, column));
    if (!numeric || names.size() <= kMostWhole) names.emplace(class_name(t.cell(row, column)), 0);
  }
  const bool few =
      names.size() == 2 || (names.size() <= kMostWhole && names.size() * 5 <= rows.size());
  const bool is_class =
      task == Task::classification || (task == Task::automatic && (!numeric || (all_whole && few)));
  const auto same = [&](const auto& value) {
    throw DataError(cat(t.name, ": the target ", shown(t.header[at(column)]), " is ", value,
                        " in every row, there is nothing to learn"));
  };
  if (!is_class) {
    const auto [least, greatest] =
        std::minmax_element(target.numbers.begin(), target.numbers.end());
    if (*least == *greatest) same(*least);
    return target;
  }
  if (names.size() == 1) same(shown(names.begin()->first));
  if (static_cast<Index>(names.size()) > kMaxClasses)
    throw DataError(cat(t.name, ": the target ", shown(t.header[at(column)]), " has ", names.size(),
                        " different values, more than the limit of ", kMaxClasses, " classes"));
  target.numbers.clear();
  for (const auto& [name, unused] : names) target.class_names.push_back(name);
  if (all_numbers)
    std::sort(target.class_names.begin(), target.class_names.end(),
              [](const auto& a, const auto& b) { return read_cell(a).value < read_cell(b).value; });
  for (std::size_t i = 0; i < target.class_names.size(); ++i)
    names[target.class_names[i]] = static_cast<std::int32_t>(i);
  for (const std::int32_t row : rows)
    target.classes.push_back(names.at(class_name(t.cell(row, column))));
  return target;
}

Column fit(const Table& t, Index column, bool numeric, const Rows& rows, Scaling scaling) {
  const std::string& name = t.header[at(column)];
  if (numeric) {
    std::vector<double> values;
    for (const std::int32_t row : rows)
      if (t.read(row, column).kind != Cell::missing) values.push_back(number(t, row, column));
    return fit_column(name, values, scaling);
  }
  std::set<std::string_view> texts;
  for (const std::int32_t row : rows)
    if (t.read(row, column).kind != Cell::missing) texts.insert(t.cell(row, column));
  if (texts.empty())
    throw DataError(cat(t.name, ": column ", shown(name), " has no values in the training part"));
  if (static_cast<Index>(texts.size()) > kMaxCategories)
    throw DataError(cat(t.name, ": column ", shown(name), " has ", texts.size(),
                        " different texts, more than the limit of ", kMaxCategories,
                        " categories; ignore it, or make it numbers"));
  return {.name = name, .categories = {texts.begin(), texts.end()}};
}

/// The features of some rows; `columns` are those of the table that `p.columns` speak of.
Dataset encode(const Table& t, const std::vector<Index>& columns, const Rows& rows,
               const Preprocess& p, Missing missing) {
  Dataset d;
  d.name = std::filesystem::path(t.name).stem().string();
  for (const Column& c : p.columns) {
    if (c.categories.empty()) d.feature_names.push_back(c.name);
    for (const std::string& category : c.categories)
      d.feature_names.push_back(c.name + "=" + category);
  }
  const Index width = static_cast<Index>(d.feature_names.size());
  constexpr Index kMostNumbers = Index{1} << 30;
  if (width == 0) throw DataError(t.name + ": there are no features");
  if (static_cast<Index>(rows.size()) > kMostNumbers / width)
    throw DataError(cat(t.name, ": ", rows.size(), " rows of ", width,
                        " features are more than the limit of 2^30 numbers"));
  d.features = {width};
  d.floats.reserve(rows.size() * at(width));
  for (const std::int32_t row : rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const Column& c = p.columns[i];
      const std::string_view text = t.cell(row, columns[i]);
      const bool absent = missing == Missing::mean && t.read(row, columns[i]).kind == Cell::missing;
      if (c.categories.empty()) {
        const double value = absent ? c.mean : number(t, row, columns[i]);
        d.floats.push_back(static_cast<float>((value - c.offset) / c.scale));
      } else {
        for (const std::string& category : c.categories)
          d.floats.push_back(!absent && text == category ? 1.0f : 0.0f);
      }
    }
  }
  return d;
}

template <class T>
std::vector<T> pick(const std::vector<T>& all, const Rows& which) {
  std::vector<T> some;
  if (!all.empty())
    for (const std::int32_t i : which) some.push_back(all[at(i)]);
  return some;
}

}  // namespace

Splits csv(const Table& t, const CsvOptions& o) {
  const bool possible = o.test_fraction >= 0 && o.validation_fraction >= 0 &&
                        o.test_fraction + o.validation_fraction < 1;
  if (!possible)
    throw Error(cat("test fraction ", o.test_fraction, " and validation fraction ",
                    o.validation_fraction,
                    " must not be negative and must leave rows to train on"));
  const Index target_column = t.find(o.target);
  const std::vector<Index> columns = feature_columns(t, o, target_column);
  std::vector<bool> numeric;
  for (const Index c : columns) numeric.push_back(is_numeric(t, c));
  const Rows rows = usable_rows(t, columns, target_column, true, o.missing);
  const Target target = read_target(t, target_column, rows, o.task);

  const auto [rest, test] =
      split_rows(static_cast<Index>(rows.size()), target.classes, o.test_fraction, o.seed);
  const auto [train, validation] =
      split_rows(static_cast<Index>(rest.size()), pick(target.classes, rest),
                 o.validation_fraction / (1 - o.test_fraction), o.seed);
  const Rows train_part = pick(rest, train), validation_part = pick(rest, validation);

  Splits s;
  Preprocess& p = s.preprocess;
  const Rows train_rows = pick(rows, train_part);
  for (std::size_t i = 0; i < columns.size(); ++i)
    p.columns.push_back(fit(t, columns[i], numeric[i], train_rows, o.scaling));
  p.target = o.target;
  if (target.class_names.empty()) {
    const Column fitted = fit_column(o.target, pick(target.numbers, train_part), o.scaling);
    p.target_offset = fitted.offset, p.target_scale = fitted.scale;
  }
  const auto part = [&](const Rows& which) {
    Dataset d = encode(t, columns, pick(rows, which), p, o.missing);
    d.class_names = target.class_names;
    d.classes = pick(target.classes, which);
    if (target.class_names.empty()) d.target_names = {o.target};
    for (const double y : pick(target.numbers, which))
      d.targets.push_back(static_cast<float>((y - p.target_offset) / p.target_scale));
    d.validate();
    return d;
  };
  s.train = part(train_part), s.validation = part(validation_part), s.test = part(test);
  return s;
}

Splits csv(const std::filesystem::path& path, const CsvOptions& options) {
  return csv(read_table(path), options);
}

Dataset apply(const Preprocess& p, const Table& t, const ApplyOptions& o) {
  if (p.columns.empty())
    throw DataError(t.name + ": a table was given to a model that was not trained on a table");
  std::vector<Index> columns;
  for (const Column& c : p.columns) columns.push_back(t.find(c.name));
  const auto found = std::find(t.header.begin(), t.header.end(), p.target);
  const bool has_target = o.target && found != t.header.end();
  const Index target = found - t.header.begin();
  const Rows rows = usable_rows(t, columns, target, has_target, o.missing);
  Dataset d = encode(t, columns, rows, p, o.missing);
  if (!has_target) return d;

  if (o.class_names.empty()) d.target_names = {p.target};
  d.class_names = o.class_names;
  for (const std::int32_t row : rows) {
    if (o.class_names.empty()) {
      d.targets.push_back(
          static_cast<float>((number(t, row, target) - p.target_offset) / p.target_scale));
      continue;
    }
    const auto name =
        std::find(o.class_names.begin(), o.class_names.end(), class_name(t.cell(row, target)));
    if (name == o.class_names.end())
      refuse(t, row, target, shown(t.cell(row, target)) + " is not a class of the model");
    d.classes.push_back(static_cast<std::int32_t>(name - o.class_names.begin()));
  }
  d.validate();
  return d;
}

}  // namespace chainrule::data
