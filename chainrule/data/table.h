// A CSV file as a table of text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/core/shape.h"

namespace chainrule::data {

/// Most columns of a table, and most bytes of one cell.
inline constexpr Index kMaxColumns = 65536;
inline constexpr std::size_t kMaxCell = 65536;

/// Rows of text cells below a line of column names.
class Table {
 public:
  std::string name;                 ///< of the file, for messages
  std::vector<std::string> header;  ///< a column without a name is called "(column 3)"
  char delimiter = ',';

  Index columns() const { return static_cast<Index>(header.size()); }
  Index rows() const { return static_cast<Index>(lines_.size()); }
  std::string_view cell(Index row, Index column) const;
  /// Line of the file, from 1, on which a row begins.
  Index line(Index row) const { return lines_[static_cast<std::size_t>(row)]; }
  /// Number of the column with that name. Throws DataError, with what was probably meant.
  Index find(std::string_view column) const;

 private:
  friend class CsvParser;
  std::string text_;                  // all cells, one after another
  std::vector<std::uint32_t> ends_;   // of each cell in text_
  std::vector<std::uint32_t> lines_;  // of each row
};

/// Reads RFC 4180: cells between commas (or semicolons or tabs, whichever the first line has most
/// of), in quotes when they hold such a character, a line break or a quote (doubled). Lines end
/// in LF, CRLF or CR; blank lines are skipped; so are a byte order mark and blanks around a cell
/// that is not in quotes. The file may be gzip. Throws DataError with one sentence when a row has
/// not as many cells as the header, a name appears twice, or there are no rows.
Table read_csv(const std::filesystem::path& path);

/// The same for text in memory; `name` begins every error message.
Table parse_csv(std::string_view text, std::string name);

/// What a cell says. infinite: "inf", or a number beyond what a float holds.
struct Cell {
  enum Kind { missing, number, infinite, text } kind;
  double value = 0;
};

/// Empty cells, "NA", "N/A", "NaN", "null" and "?" are missing, capitals or not.
Cell read_cell(std::string_view text);

/// A cell for an error message: in quotes, shortened, without control characters.
std::string shown(std::string_view cell);

}  // namespace chainrule::data
