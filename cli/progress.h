// A bar that grows in the last line of a terminal.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "cli/terminal.h"

namespace chainrule::cli {

/// One line that is drawn over itself, at most every 80 ms. Silent when the output is not a
/// terminal: logs get no control characters.
class ProgressLine {
 public:
  explicit ProgressLine(const Terminal& terminal) : terminal_(terminal) {}
  ~ProgressLine();

  /// True when a drawing is due; ask before composing the text.
  bool due() const;
  /// "prefix ████▌      suffix": the bar takes what the window leaves, at most 24 columns.
  void show(std::string_view prefix, double fraction, std::string_view suffix);
  /// A line without a bar, for what takes a while.
  void note(std::string_view text);
  /// Removes the line, so that something else can be printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  const Terminal& terminal_;
  Clock::time_point last_{};
  bool visible_ = false;
};

/// `fraction` of `width` columns, in eighths of a column.
std::string bar(double fraction, int width);

}  // namespace chainrule::cli
