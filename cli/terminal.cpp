#include "cli/terminal.h"

#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/ranks.h"

namespace chainrule::cli {
namespace {

constexpr int kPlainWidth = 100;
constexpr int kLabelWidth = 9;

bool set_and_not_empty(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

// The end of the character or escape sequence that begins at `i`.
std::size_t next(std::string_view text, std::size_t i, bool& visible) {
  visible = true;
  if (text[i] == '\x1b') {
    visible = false;
    const std::size_t end = text.find('m', i);
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  ++i;
  while (i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) ++i;
  return i;
}

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
  std::fwrite(text.data(), 1, text.size(), file_);
  std::fflush(file_);
}

void Terminal::line(std::string_view text) const { print(std::string(text) + "\n"); }

void Terminal::labelled(std::string_view label, std::string_view text) const {
  line(accent(pad_right(label, kLabelWidth)) + std::string(text));
}

std::string Terminal::paint(std::string_view code, std::string_view text) const {
  if (!colour_) return std::string(text);
  std::string s = "\x1b[";
  s += code;
  s += 'm';
  s += text;
  s += "\x1b[0m";
  return s;
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
  std::string s(text);
  const int missing = width - display_width(text);
  if (missing > 0) s.append(static_cast<std::size_t>(missing), ' ');
  return s;
}

std::string pad_left(std::string_view text, int width) {
  const int missing = width - display_width(text);
  std::string s(static_cast<std::size_t>(missing > 0 ? missing : 0), ' ');
  s += text;
  return s;
}

std::string shorten(std::string_view text, int width) {
  if (display_width(text) <= width) return std::string(text);
  std::size_t i = 0;
  for (int columns = 0; columns < width - 1;) {
    bool visible;
    i = next(text, i, visible);
    columns += visible;
  }
  return std::string(text.substr(0, i)) + "…";
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
