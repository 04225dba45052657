#include "chainrule/data/table_builder.h"

#include <algorithm>
#include <set>

#include "chainrule/core/error.h"

namespace chainrule::data {

void TableBuilder::end_cell(Index line) {
  table_.ends_.push_back(static_cast<std::uint32_t>(table_.text_.size()));
  if (static_cast<Index>(cells() - row_begin_) > kMaxColumns)
    throw DataError(cat(table_.name, ": line ", line, " has more than ", grouped(kMaxColumns),
                        " fields, the limit"));
}

void TableBuilder::end_row(Index line) {
  const std::size_t count = cells() - row_begin_;
  if (width_ == 0) width_ = count, first_line_ = line;
  if (count == width_ + 1 && rows() == 1) {  // the names lack one, see finish()
    table_.ends_.insert(table_.ends_.begin(), 0);
    short_names_ = true;
    ++width_;
  }
  if (count != width_) refuse_length(line, count);
  row_begin_ = cells();
  table_.lines_.push_back(static_cast<std::uint32_t>(line));
}

void TableBuilder::refuse_length(Index line, std::size_t count) const {
  throw DataError(cat(table_.name, ": line ", line, " has ", count,
                      count == 1 ? " field, line " : " fields, line ", first_line_, " has ", width_,
                      " (", table_.dialect.str(), ")"));
}

void TableBuilder::check_dense(std::size_t text_bytes, std::size_t count) const {
  constexpr std::size_t kFree = std::size_t{4} << 20, kMostPerByte = 4;
  if (count > kFree && count / kMostPerByte > text_bytes)
    throw DataError(cat(table_.name, ": with what its rows leave out the table has ",
                        grouped(static_cast<Index>(count)), " cells, more than ", kMostPerByte,
                        " for each byte of the file"));
}

bool TableBuilder::is_empty_column(std::size_t column) const {
  for (std::size_t i = table_.first_ + column; i < cells(); i += width_)
    if (!raw_cell(i).empty()) return false;
  return true;
}

void TableBuilder::drop_last_column() {
  std::vector<std::uint32_t> kept;  // an empty cell has no text
  for (std::size_t i = table_.first_; i < cells(); ++i)
    if (i % width_ != width_ - 1) kept.push_back(table_.ends_[i]);
  // The cells of the header stand before the first one, which begins where they end.
  if (table_.first_ > 0) kept.insert(kept.begin(), table_.ends_[table_.first_ - 1]);
  table_.ends_ = std::move(kept);
  table_.first_ = table_.first_ > 0 ? 1 : 0;
  table_.header.pop_back();
  table_.unnamed_.pop_back();
  table_.columns_.pop_back();
  table_.notes += ", without an empty last column";
}

void TableBuilder::take_header() {
  std::vector<std::string> names;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < width_; ++i) {
    names.push_back(table_.text_.substr(begin, table_.ends_[i] - begin));
    begin = table_.ends_[i];
  }
  // numpy marks a line of names as a comment.
  if (std::string& first = names[0]; first.starts_with("# ") || first.starts_with("% "))
    first.erase(0, std::min(first.find_first_not_of(' ', 1), first.size()));
  table_.first_ = width_;
  // Rows that end in a delimiter have one more cell than names; otherwise row names go first.
  if (short_names_ && is_empty_column(width_ - 1)) std::ranges::rotate(names, names.begin() + 1);
  table_.lines_.erase(table_.lines_.begin());
  set_header(std::move(names));
}

void TableBuilder::set_header(std::vector<std::string> names) {
  if (table_.rows() > 0 && names.size() != width_)
    throw DataError(cat(table_.name, ": line ", first_line_, " has ", width_,
                        " fields, but there are ", names.size(), " names of columns"));
  std::set<std::string> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    table_.unnamed_.push_back(names[i].empty());
    if (names[i].empty()) names[i] = cat("column", i + 1);
    if (!seen.insert(names[i]).second)
      throw DataError(cat(table_.name, ": two columns are called ", shown(names[i])));
  }
  table_.header = std::move(names);
  table_.columns_.resize(table_.header.size());
}

Table TableBuilder::finish(const std::vector<std::string>& missing) {
  if (table_.rows() == 0) throw DataError(table_.name + ": no rows below the header");
  const bool unnamed = table_.dialect.header && table_.unnamed_.back();
  if (unnamed && table_.columns() > 1 && is_empty_column(width_ - 1)) drop_last_column();
  for (const std::string& rule : missing) {
    const std::size_t equals = rule.find('=');
    if (equals == rule.npos) {
      for (Index c = 0; c < table_.columns(); ++c) table_.count_as_missing(c, rule);
    } else {
      for (const Index c : table_.select(rule.substr(0, equals)))
        table_.count_as_missing(c, rule.substr(equals + 1));
    }
  }
  for (Index c = 0; c < table_.columns(); ++c) table_.set_kind(c, table_.kind(c));
  return std::move(table_);
}

}  // namespace chainrule::data
