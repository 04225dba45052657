// A table of text: delimited files, and what other readers turn into one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/core/shape.h"
#include "chainrule/data/dialect.h"

namespace chainrule::data {

/// Most columns of a table, and most bytes of one cell.
inline constexpr Index kMaxColumns = 65536;
inline constexpr std::size_t kMaxCell = 65536;

/// Cells that are missing everywhere, in small letters; capitals do not matter.
inline constexpr std::string_view kUsualMissing[] = {"",  "na",   "n/a",  "nan", "null",
                                                     "?", "#n/a", "<na>", "\\n"};

/// What a cell says. infinite: "inf", or a number beyond what a float holds.
struct Cell {
  enum Kind { missing, number, infinite, text } kind;
  double value = 0;
};

/// What a column is said to hold. automatic: whoever uses the table decides.
enum class ColumnKind { automatic, number, category };

/// Rows of text cells below the names of their columns.
class Table {
 public:
  std::string name;                 ///< of the file, for messages
  std::vector<std::string> header;  ///< a column without a name is called "column3"
  Dialect dialect;
  std::string format;  ///< what it was if not delimited text: "ARFF"
  std::string notes;   ///< what else there is to say: ", 3 comment lines"
  std::string target;  ///< what the format itself says is to be learnt, or empty

  Index columns() const { return static_cast<Index>(header.size()); }
  Index rows() const { return static_cast<Index>(lines_.size()); }
  std::string_view cell(Index row, Index column) const {
    const std::size_t i = first_ + static_cast<std::size_t>(row * columns() + column);
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(text_).substr(begin, ends_[i] - begin);
  }
  /// What the cell says, with the table's decimal sign and what counts as missing in that column.
  Cell read(Index row, Index column) const;
  /// Line of the file, from 1, on which a row begins.
  Index line(Index row) const { return lines_[static_cast<std::size_t>(row)]; }
  /// How the file was read: "comma, header, UTF-8".
  std::string how() const;

  /// Number of the column with exactly that name. Throws DataError, with what was probably meant.
  Index find(std::string_view column) const;
  /// The same for what a person types: a name, a number from 1, or -1 for the last column. A name
  /// goes before a number.
  Index column(std::string_view word) const;
  /// Columns that a word names, in the table's order: as column(), a pattern with * and ?, or
  /// several of these between commas. Throws DataError for a part that names none.
  std::vector<Index> select(std::string_view words) const;
  /// Had the file no name for this column?
  bool unnamed(Index column) const { return unnamed_[static_cast<std::size_t>(column)]; }

  /// Empty cells, "NA", "N/A", "NaN", "null", "#N/A", "<NA>", "\N" and "?" are missing everywhere,
  /// capitals or not; "-", "--", "." and "none" where a column is one of numbers. Adds `value` to
  /// that, for one column; a number counts in any way of writing.
  void count_as_missing(Index column, std::string value);
  /// What was added so.
  const std::vector<std::string>& missing(Index column) const {
    return columns_[static_cast<std::size_t>(column)].missing;
  }
  /// By the file's own declaration, else automatic. number: "-", "--", "." and "none" are missing.
  ColumnKind kind(Index column) const { return columns_[static_cast<std::size_t>(column)].kind; }
  void set_kind(Index column, ColumnKind kind);

 private:
  friend class TableBuilder;
  struct ColumnRule {
    ColumnKind kind = ColumnKind::automatic;
    bool dashes = false;  ///< "-", "--", "." and "none" are missing
    std::vector<std::string> missing;
  };
  std::string text_;                  // all cells, one after another
  std::vector<std::uint32_t> ends_;   // of each cell in text_
  std::vector<std::uint32_t> lines_;  // of each row
  std::size_t first_ = 0;             // cell of the first row
  std::vector<ColumnRule> columns_;
  std::vector<bool> unnamed_;
};

/// Reads a table as people have them: the encoding, the delimiter (comma, semicolon, tab, bar or
/// blanks, or what a line "sep=;" says), quotes, comment lines, a header or none and the decimal
/// sign are found out where `options` does not tell them; Table::dialect says what was taken. Lines
/// end in LF, CRLF or CR; blank lines are skipped, and blanks around a cell that is not in quotes.
/// There is no header when the first row looks like the others: a number where the column has
/// numbers, a text that the column has again. ARFF and libsvm files are recognised by their
/// content, see arff.h and libsvm.h. The file may be gzip; "-" is standard input. Throws
/// DataError with one sentence when a row has not as many cells as the first, a name appears twice,
/// or there are no rows.
Table read_table(const std::filesystem::path& path, const TableOptions& options = {});

/// The same for bytes in memory; `name` begins every error message.
Table parse_table(std::string_view bytes, std::string name, const TableOptions& options = {});

/// What a cell says, with a point or a comma as decimal sign. With a comma, points that group
/// three digits ("1.234,5") are left out.
Cell read_cell(std::string_view text, char decimal = '.');

/// A cell for an error message: in quotes, shortened, without control characters.
std::string shown(std::string_view cell);

}  // namespace chainrule::data
