// Text in columns.
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"

namespace chainrule::cli {

struct ColumnStyle {
  std::string title;
  bool left = false;  ///< numbers stand right, names left
  int width = 0;      ///< at least so wide
};

/// Rows of cells under titles. Either row by row as they come (widths from titles and `width`), or
/// all at once with fit().
class Table {
 public:
  explicit Table(std::vector<ColumnStyle> columns, int gap = 3, int indent = 0);

  /// Widens the columns to the widest cell of `rows`.
  Table& fit(const std::vector<std::vector<std::string>>& rows);
  std::string header() const;
  std::string row(const std::vector<std::string>& cells) const;
  int width() const;

  /// Titles and all rows.
  static void print(const Terminal& terminal, std::vector<ColumnStyle> columns,
                    const std::vector<std::vector<std::string>>& rows, int gap = 3, int indent = 0);

 private:
  std::vector<ColumnStyle> columns_;
  int gap_, indent_;
};

}  // namespace chainrule::cli
