#include "chainrule/data/cell_scanner.h"

#include "chainrule/data/table.h"

namespace chainrule::data {

void CellScanner::end_line() {
  if (at_end()) return;
  const bool both = text_.substr(at_, 2) == "\r\n";
  at_ += both ? 2 : 1;
  ++line_;
}

bool CellScanner::next_row() {
  while (!at_end() && fault_ == Fault::none) {
    const std::size_t begin = at_;
    while (at_blank() || (d_.delimiter == ' ' && !at_end() && text_[at_] == ' ')) ++at_;
    if (!at_line_end()) {
      const std::size_t sign = at_;
      if (d_.comment == '\0' || text_[at_] != d_.comment) {
        if (!d_.runs) at_ = begin;
        ++rows_;
        return more_ = true;
      }
      while (!at_line_end()) ++at_;
      if (rows_ == 0) comment_above_ = text_.substr(sign + 1, at_ - sign - 1);
      ++comments_;
    }
    end_line();
  }
  return false;
}

bool CellScanner::next_cell(std::string& out) {
  if (!more_ || fault_ != Fault::none) return false;
  while (at_blank()) ++at_;
  quoted_ =
      !at_end() && text_[at_] != '\0' && (text_[at_] == d_.quote || text_[at_] == d_.other_quote);
  escaped_ = false;
  if (quoted_)
    quoted_cell(out);
  else
    plain_cell(out);
  if (fault_ != Fault::none) return true;
  while (at_blank()) ++at_;
  more_ = !at_line_end();
  if (!more_)
    end_line();
  else if (!d_.runs)
    ++at_;  // the delimiter
  return true;
}

void CellScanner::quoted_cell(std::string& out) {
  const std::size_t begin = out.size();
  const Index line = line_;
  const char quote = text_[at_];
  for (++at_;; ++at_) {
    if (at_end() || out.size() - begin > kMaxCell) {
      fault_ = at_end() ? Fault::open_quote : Fault::too_long;
      line_ = line;  // where it begins
      return;
    }
    const bool escaped = at_escape();
    if (escaped) ++at_, escaped_ = true;
    if (!escaped && text_[at_] == quote) {
      ++at_;
      if (at_end() || text_[at_] != quote) break;
    }
    if (text_[at_] == '\n' || (text_[at_] == '\r' && text_.substr(at_ + 1, 1) != "\n")) ++line_;
    out += text_[at_];
  }
  const bool ends = at_line_end() || at_blank() || at_delimiter();
  std::size_t next = at_;
  while (next < text_.size() && (text_[next] == ' ' || text_[next] == '\t')) ++next;
  if (!ends || (!d_.runs && !is_line_end(next) && at_blank() && text_[next] != d_.delimiter))
    fault_ = Fault::after_quote;
}

void CellScanner::plain_cell(std::string& out) {
  const std::size_t begin = out.size();
  std::size_t kept = begin;  // up to the last character that is no blank
  for (; !at_line_end() && !at_delimiter(); ++at_) {
    if (at_escape()) {
      ++at_, escaped_ = true;
      if (text_[at_] == '\n') ++line_;
    }
    out += text_[at_];
    if (text_[at_] != ' ' && text_[at_] != '\t') kept = out.size();
    if (out.size() - begin > kMaxCell) {
      fault_ = Fault::too_long;
      return;
    }
  }
  out.resize(kept);
}

}  // namespace chainrule::data
