// Where text for people goes: a terminal with its width and colours, or a plain file.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace chainrule::cli {

/// Standard output or standard error. Colours appear only on a terminal, and not when NO_COLOR is
/// set (https://no-color.org) or TERM is "dumb".
class Terminal {
 public:
  /// Says nothing on any rank but the first, unless it is told to.
  explicit Terminal(std::FILE* file, bool any_rank = false);

  bool interactive() const { return interactive_; }
  /// Columns of the window now; 100 when it is not a terminal.
  int width() const;

  /// '?' stands for each character of `text` that could command a terminal or deceive who reads it
  /// (see plain_text.h), but for line breaks and the sequences of bold() and its like.
  void print(std::string_view text) const;
  void line(std::string_view text = "") const;
  /// "label    text", the label set apart: the shape of every summary line of the program.
  /// A window that is too narrow gets several lines.
  void labelled(std::string_view label, std::string_view text) const;
  /// The same for a command that is to be copied: never broken.
  void command(std::string_view label, std::string_view text) const;

  /// Writes over the line of the cursor and stays on it; for a terminal alone.
  void over(std::string_view text) const;

  /// errno of the first write to standard output that failed, 0 when none did.
  static int failure();

  std::string bold(std::string_view text) const { return paint("1", text); }
  std::string dim(std::string_view text) const { return paint("2", text); }
  std::string accent(std::string_view text) const { return paint("36", text); }
  std::string good(std::string_view text) const { return paint("32", text); }
  std::string warn(std::string_view text) const { return paint("33", text); }
  std::string bad(std::string_view text) const { return paint("1;31", text); }

 private:
  std::string labelled_text(std::string_view label, std::string_view text) const;
  std::string paint(std::string_view code, std::string_view text) const;

  std::FILE* file_;
  bool mute_;
  bool interactive_;
  bool colour_;
};

/// Columns that `text` takes on a terminal: UTF-8 characters, the sequences of bold() and its like
/// not counted.
int display_width(std::string_view text);
/// `text` filled with blanks to `width` columns. These three make one line of it: a break becomes
/// '?'.
std::string pad_right(std::string_view text, int width);
std::string pad_left(std::string_view text, int width);
/// `text` cut to `width` columns, the last one "…" when something is missing.
std::string shorten(std::string_view text, int width);
/// Breaks `text` at blanks into lines of at most `width` columns; each line but the first is
/// indented by `indent` blanks.
std::string wrap(std::string_view text, int width, int indent);

}  // namespace chainrule::cli
