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
  constexpr std::size_t kFree = std::size_t{4} << 20, kMostPerByte = 10;
  if (count > kFree && count / kMostPerByte > text_bytes)
    throw DataError(cat(table_.name, ": with what its rows leave out the table has ",
                        grouped(static_cast<Index>(count)), " cells, more than ", kMostPerByte,
                        " for each byte of the file"));
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
