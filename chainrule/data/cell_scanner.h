// The cells of a text, one after another. Used by the reader of tables and by the search for the
// dialect, so that both see the same.
#pragma once

#include <string>
#include <string_view>

#include "chainrule/core/shape.h"
#include "chainrule/data/dialect.h"

namespace chainrule::data {

class CellScanner {
 public:
  enum class Fault { none, open_quote, after_quote, too_long };

  /// Both must outlive this.
  CellScanner(std::string_view text, const Dialect& dialect)
      : text_(text), d_(dialect), at_(dialect.skip), line_(dialect.skip > 0 ? 2 : 1) {}

  /// Goes to the next row; blank lines and comments are skipped. False at the end.
  bool next_row();
  /// Appends the next cell of the row to `out`, without blanks around it unless they are quoted.
  /// False when the row has no more. After a fault there is nothing more to be read.
  bool next_cell(std::string& out);

  Fault fault() const { return fault_; }
  /// Was the last cell in quotes?
  bool quoted() const { return quoted_; }
  /// Did it hold escaped characters?
  bool escaped() const { return escaped_; }
  /// Line of the text, from 1.
  Index line() const { return line_; }
  /// Lines that were comments, and the last of those before the first row.
  Index comments() const { return comments_; }
  std::string_view comment_above() const { return comment_above_; }
  bool at_end() const { return at_ == text_.size(); }

 private:
  bool is_line_end(std::size_t at) const {
    if (at == text_.size()) return true;
    if (text_[at] == '\n') return d_.line_end != '\r';
    return text_[at] == '\r' && (d_.line_end != '\n' || text_.substr(at + 1, 1) == "\n");
  }
  bool at_line_end() const { return is_line_end(at_); }
  bool at_delimiter() const {
    return d_.runs ? text_[at_] == ' ' || text_[at_] == '\t' : text_[at_] == d_.delimiter;
  }
  bool at_blank() const {
    return !at_end() && (text_[at_] == ' ' || text_[at_] == '\t') &&
           (d_.runs || text_[at_] != d_.delimiter);
  }
  bool at_escape() const {
    return d_.escape != '\0' && text_[at_] == d_.escape && at_ + 1 < text_.size();
  }
  void end_line();
  void quoted_cell(std::string& out);
  void plain_cell(std::string& out);

  std::string_view text_;
  const Dialect& d_;
  std::size_t at_;
  Index line_, rows_ = 0, comments_ = 0;
  std::string_view comment_above_;
  bool more_ = false, quoted_ = false, escaped_ = false;
  Fault fault_ = Fault::none;
};

}  // namespace chainrule::data
