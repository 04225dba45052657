#include "cli/table.h"

#include <algorithm>

namespace chainrule::cli {

Table::Table(std::vector<ColumnStyle> columns, int gap, int indent)
    : columns_(std::move(columns)), gap_(gap), indent_(indent) {
  for (ColumnStyle& c : columns_) c.width = std::max(c.width, display_width(c.title));
}

Table& Table::fit(const std::vector<std::vector<std::string>>& rows) {
  for (const auto& cells : rows)
    for (std::size_t i = 0; i < cells.size(); ++i)
      columns_[i].width = std::max(columns_[i].width, display_width(cells[i]));
  return *this;
}

std::string Table::header() const {
  std::vector<std::string> titles;
  for (const ColumnStyle& c : columns_) titles.push_back(c.title);
  return row(titles);
}

std::string Table::row(const std::vector<std::string>& cells) const {
  std::string line(static_cast<std::size_t>(indent_), ' ');
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line.append(static_cast<std::size_t>(gap_), ' ');
    const ColumnStyle& c = columns_[i];
    line += c.left ? pad_right(cells[i], c.width) : pad_left(cells[i], c.width);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

int Table::width() const {
  int width = indent_ - gap_;
  for (const ColumnStyle& c : columns_) width += c.width + gap_;
  return width;
}

void Table::print(const Terminal& terminal, std::vector<ColumnStyle> columns,
                  const std::vector<std::vector<std::string>>& rows, int gap, int indent) {
  Table table(std::move(columns), gap, indent);
  table.fit(rows);
  terminal.line(terminal.dim(table.header()));
  for (const auto& cells : rows) terminal.line(table.row(cells));
}

}  // namespace chainrule::cli
