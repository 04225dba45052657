// What the columns of a table are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/data/csv.h"

namespace chainrule::data {

/// Counts of one column's cells, over all rows of the table.
struct ColumnLook {
  Index missing = 0, numbers = 0, infinite = 0, texts = 0, dates = 0;
  Index first_text = -1, first_infinite = -1;
  Index different = 0;        ///< values, missing ones not counted
  Index different_texts = 0;  ///< of these, no numbers
  Index different_numbers = 0;
  bool whole = true;                   ///< all numbers are
  bool rising = true;                  ///< numbers from row to row
  std::vector<std::string> strangers;  ///< the first few different texts, with their counts
};
ColumnLook look_at(const Table& table, Index column);

/// A date as days since 1970-01-01, with a time of day as the part after the point: "2020-01-31",
/// "2020/01/31", "31.12.2020", with "T12:30:00" or " 12:30" behind. Month and day of "1/2/2020"
/// could be either, so that is none.
std::optional<double> days_of(std::string_view text);

/// Columns by what people type, each once, in the table's order.
std::vector<Index> columns_of(const Table& table, const std::vector<std::string>& words);

/// The columns that become features and their kinds, in the table's order; no ranges, categories
/// or scaling yet. What is left out by itself is said in `notes`. Throws DataError.
struct FeatureColumn {
  Index column;
  InputKind kind;
  bool date = false;
};
std::vector<FeatureColumn> feature_columns(const Table& table, const CsvOptions& options,
                                           const std::vector<Index>& targets,
                                           std::vector<std::string>& notes);

/// Numbers among which other texts stand, which are mistakes or mean "missing".
bool is_number_with_strangers(const ColumnLook& look);
/// Names the first and counts the others.
[[noreturn]] void refuse_strangers(const Table& table, Index column, const ColumnLook& look);

/// A cell's value where a number is needed. Throws DataError that names line and column.
double number_at(const Table& table, Index row, Index column, bool date = false);
[[noreturn]] void refuse_cell(const Table& table, Index row, Index column, const std::string& why);

/// A category or class as it is called: numbers in one way of writing, so that 1 and 1.0 are the
/// same, but for codes with leading zeros.
std::string canonical(const Table& table, Index row, Index column);
/// "01": digits behind a zero.
bool is_code(std::string_view cell);

/// Four significant digits.
std::string short_number(double value);

}  // namespace chainrule::data
