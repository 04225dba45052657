#include "cli/terminal.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

#include "chainrule/core/plain_text.h"
#include "cli/ranks.h"

namespace chainrule::cli {
namespace {

constexpr int kPlainWidth = 100;
constexpr int kLabelWidth = 9;

bool set_and_not_empty(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

/// Begins each sequence of our own, in place of "\x1b[". No file and no command line can know it,
/// so print() tells what is ours from what a name holds.
const std::string& mark() {
  static const std::string text = [] {
    const auto time = std::chrono::steady_clock::now().time_since_epoch().count();
    const int here = 0;
    const std::uint64_t number =
        (static_cast<std::uint64_t>(time) ^ (reinterpret_cast<std::uintptr_t>(&here) << 20) ^
         static_cast<std::uint64_t>(getpid())) *
        0x9E3779B97F4A7C15;
    return "\x1b" + std::to_string(number) + ";";
  }();
  return text;
}

/// The end of the character or of our sequence that begins at `i`.
std::size_t next(std::string_view text, std::size_t i, bool& visible) {
  visible = !text.substr(i).starts_with(mark());
  if (!visible) {
    i += mark().size();
    while (i < text.size() && !(text[i] >= '@' && text[i] <= '~')) ++i;
    return std::min(i + 1, text.size());
  }
  return std::min(i + std::max<std::size_t>(utf8_size(text.substr(i)), 1), text.size());
}

/// Our sequences as they were, and all else without what could command a terminal.
std::string clean(std::string_view text, bool lines) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto rest = text.begin() + static_cast<std::ptrdiff_t>(i);
    const auto stop = std::find_if(rest, text.end(), [](char c) { return c < ' ' || c > '~'; });
    out.append(rest, stop);  // most of a text
    i = static_cast<std::size_t>(stop - text.begin());
    if (i == text.size()) break;
    bool visible;
    const std::size_t end = next(text, i, visible);
    if (!visible || (lines && text[i] == '\n'))
      out += text.substr(i, end - i);
    else
      out += without_controls(text.substr(i, end - i));
    i = end;
  }
  return out;
}

int first_failure = 0;  // errno of standard output

}  // namespace

Terminal::Terminal(std::FILE* file, bool any_rank)
    : file_(file),
      mute_(!any_rank && rank_number() > 0),
      interactive_(!mute_ && isatty(fileno(file)) != 0) {
  const char* term = std::getenv("TERM");
  if (term != nullptr && std::string_view(term) == "dumb") interactive_ = false;
  colour_ = interactive_ && !set_and_not_empty("NO_COLOR");
}

int Terminal::width() const {
  winsize size{};
  if (!interactive_ || ioctl(fileno(file_), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return kPlainWidth;
  return size.ws_col;
}

void Terminal::print(std::string_view text) const {
  if (mute_) return;
  std::string ready = clean(text, true);
  for (std::size_t at = 0; (at = ready.find(mark(), at)) != std::string::npos;)
    ready.replace(at, mark().size(), "\x1b[");
  errno = 0;
  const bool written =
      std::fwrite(ready.data(), 1, ready.size(), file_) == ready.size() && std::fflush(file_) == 0;
  if (!written && file_ == stdout && first_failure == 0) first_failure = errno == 0 ? EIO : errno;
}

int Terminal::failure() { return first_failure; }

void Terminal::line(std::string_view text) const { print(std::string(text) + "\n"); }

void Terminal::labelled(std::string_view label, std::string_view text) const {
  const std::string all = labelled_text(label, text);
  line(interactive_ ? wrap(all, width(), kLabelWidth) : all);
}

void Terminal::command(std::string_view label, std::string_view text) const {
  line(labelled_text(label, text));
}

std::string Terminal::labelled_text(std::string_view label, std::string_view text) const {
  const int column = std::max(kLabelWidth, display_width(label) + 1);
  return accent(pad_right(label, column)) + clean(text, false);
}

void Terminal::over(std::string_view text) const {
  if (interactive_ && !mute_) std::fputc('\r', file_);
  print(shorten(text, width() - 1) + mark() + "0m" + mark() + "K");
}

std::string Terminal::paint(std::string_view code, std::string_view text) const {
  if (!colour_) return std::string(text);
  std::string s = mark();
  s += code;
  s += 'm';
  s += text;
  return s + mark() + "0m";
}

int display_width(std::string_view text) {
  int width = 0;
  for (std::size_t i = 0; i < text.size();) {
    bool visible;
    i = next(text, i, visible);
    width += visible;
  }
  return width;
}

std::string pad_right(std::string_view text, int width) {
  std::string s = clean(text, false);
  const int missing = width - display_width(text);
  if (missing > 0) s.append(static_cast<std::size_t>(missing), ' ');
  return s;
}

std::string pad_left(std::string_view text, int width) {
  const int missing = width - display_width(text);
  std::string s(static_cast<std::size_t>(missing > 0 ? missing : 0), ' ');
  return s + clean(text, false);
}

std::string shorten(std::string_view text, int width) {
  if (display_width(text) <= width) return clean(text, false);
  std::size_t i = 0;
  for (int columns = 0; columns < width - 1;) {
    bool visible;
    i = next(text, i, visible);
    columns += visible;
  }
  return clean(text.substr(0, i), false) + "…";
}

std::string wrap(std::string_view text, int width, int indent) {
  std::string out;
  int column = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = std::min(text.find(' ', i), text.size());
    const std::string_view word = text.substr(i, end - i);
    const int size = display_width(word);
    if (column > 0 && column + 1 + size > width) {
      out += '\n';
      out.append(static_cast<std::size_t>(indent), ' ');
      column = indent;
    } else if (i > 0) {
      out += ' ';
      ++column;
    }
    out += word;
    column += size;
    i = end + 1;
  }
  return out;
}

}  // namespace chainrule::cli
