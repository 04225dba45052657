// How a table is written as text: found out from the text, or told.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/core/shape.h"
#include "chainrule/data/encoding.h"

namespace chainrule::data {

/// One way of writing tables. The default is that of RFC 4180. '\0' means that there is none.
struct Dialect {
  Encoding encoding = Encoding::utf8;
  char delimiter = ',';  ///< between cells; ' ' with `runs`: any number of blanks and tabs
  bool runs = false;
  char quote = '"';         ///< around a cell that holds special characters; doubled inside
  char other_quote = '\0';  ///< in ARFF a second one
  char escape = '\0';       ///< '\\': the next character is meant as it stands
  char comment = '\0';      ///< a line that begins with it is no row
  char decimal = '.';       ///< or ','
  char line_end = '\0';     ///< '\n' or '\r' when the other one stands within cells, else either
  bool header = true;       ///< the first row has the names of the columns
  std::size_t skip = 0;     ///< bytes before the first line: "sep=;" of spreadsheets

  /// "comma, header, UTF-8"; what is rare is added: "decimal comma", "quotes '".
  std::string str() const;
};

/// What is told about a table; the rest is found out.
struct TableOptions {
  std::optional<Encoding> encoding;
  std::optional<char> delimiter;  ///< ' ': blanks
  std::optional<char> quote, comment, decimal;
  std::optional<bool> header;
  /// What else counts as missing: "X" in every column, "column=X" in one.
  std::vector<std::string> missing;
  /// Names of columns that a model knows: a first row that holds one of them is the header.
  std::vector<std::string> known;
};

/// Delimiter, quote, escape and comment sign of a text in UTF-8: of all combinations that occur,
/// the one that makes most rows equally long and most cells a number, a date or a text without
/// other delimiters (after van den Burg, Nazábal, Sutton, "Wrangling messy CSV files by detecting
/// row and type patterns", 2019). Looks at the first 64 KiB. Header and decimal sign need the
/// columns, see table.h.
Dialect find_dialect(std::string_view text, const TableOptions& options);

}  // namespace chainrule::data
