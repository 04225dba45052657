#include "chainrule/formula/mark.h"

#include <algorithm>

#include "chainrule/core/error.h"

namespace chainrule::detail {
namespace {

std::string printable(std::string_view s) {
  std::string out(s);
  for (char& c : out) {
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

}  // namespace

std::string marked(std::string_view message, std::string_view text, std::size_t begin,
                   std::size_t end) {
  // A long text is shown in part, so that the mark stays on the screen.
  constexpr std::size_t kBefore = 40, kWidth = 90;
  begin = std::min(begin, text.size());
  const std::size_t from = text.size() <= kWidth || begin <= kBefore ? 0 : begin - kBefore;
  const std::string_view shown = text.substr(from, kWidth);
  const std::string_view dots = from > 0 ? "..." : "";
  const std::size_t column = begin - from;
  const std::size_t longest = std::max<std::size_t>(shown.size(), column + 1) - column;
  const std::size_t length = std::clamp<std::size_t>(end > begin ? end - begin : 1, 1, longest);
  return cat(message, "\n    ", dots, printable(shown),
             from + shown.size() < text.size() ? "..." : "", "\n    ",
             std::string(dots.size() + column, ' '), '^', std::string(length - 1, '~'));
}

std::string quoted(std::string_view word) {
  constexpr std::size_t kLongest = 40;
  return cat('\'', printable(word.substr(0, kLongest)), word.size() > kLongest ? "..." : "", '\'');
}

}  // namespace chainrule::detail
