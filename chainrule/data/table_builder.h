// Fills a table cell by cell; for readers.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chainrule/data/table.h"

namespace chainrule::data {

class TableBuilder {
 public:
  explicit TableBuilder(std::string name) { table_.name = std::move(name); }

  /// Where the content of the next cell is appended.
  std::string& text() { return table_.text_; }
  /// Ends the cell. Throws DataError for more columns than the limit.
  void end_cell(Index line);
  void add(std::string_view cell, Index line) { text() += cell, end_cell(line); }
  /// Ends the row, which began on `line`. Throws DataError when it has not as many cells as the
  /// first one; the second may have one more, which names of rows or a delimiter at the end make.
  void end_row(Index line);

  Index rows() const { return static_cast<Index>(table_.lines_.size()); }
  /// Cells of a row.
  std::size_t width() const { return width_; }
  /// A cell by its number, while there are no names of columns yet.
  std::string_view raw_cell(std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : table_.ends_[i - 1];
    return std::string_view(table_.text_).substr(begin, table_.ends_[i] - begin);
  }
  std::size_t cells() const { return table_.ends_.size(); }
  Table& table() { return table_; }

  /// Cells that text leaves out cost memory that it does not pay for. Throws DataError when the
  /// table has, or is to have, many more cells than its text has bytes.
  void check_dense(std::size_t text_bytes, std::size_t cells) const;
  void check_dense(std::size_t text_bytes) const { check_dense(text_bytes, cells()); }

  void reserve(std::size_t cells) { table_.ends_.reserve(cells); }

  /// Takes the first row out, as the names of the columns.
  void take_header();
  /// Names given by the format, or "column1", "column2", ... for empty ones. Throws DataError when
  /// one appears twice.
  void set_header(std::vector<std::string> names);
  /// Decides what is missing where. Throws DataError when there are no rows, or for a column of
  /// `missing` that does not exist.
  Table finish(const std::vector<std::string>& missing);

 private:
  bool is_empty_column(std::size_t column) const;
  void drop_last_column();
  [[noreturn]] void refuse_length(Index line, std::size_t cells) const;

  Table table_;
  std::size_t row_begin_ = 0, width_ = 0;
  bool short_names_ = false;  // the first row has a cell less than the others
  Index first_line_ = 1;
};

}  // namespace chainrule::data
