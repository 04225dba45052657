#include "cli/progress.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <new>

namespace chainrule::cli {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(80);
constexpr int kBarWidth = 24;
constexpr int kLeastBarWidth = 6;

}  // namespace

ProgressLine::~ProgressLine() {
  try {
    clear();
  } catch (const std::bad_alloc&) {  // what is being said instead matters more
  }
}

bool ProgressLine::due() const {
  return terminal_.interactive() && Clock::now() - last_ >= kInterval;
}

void ProgressLine::show(std::string_view prefix, double fraction, std::string_view suffix) {
  if (!terminal_.interactive()) return;
  // The last column stays free: writing into it makes some terminals break the line.
  const int room = terminal_.width() - 1 - display_width(prefix) - display_width(suffix) - 4;
  std::string line(prefix);
  line += ' ';
  if (room >= kLeastBarWidth) {
    const int width = std::min(room, kBarWidth);
    line += terminal_.accent(bar(fraction, width)) + "  ";
  }
  line += suffix;
  terminal_.over(line);
  last_ = Clock::now();
  visible_ = true;
}

void ProgressLine::note(std::string_view text) {
  if (!terminal_.interactive()) return;
  terminal_.over(terminal_.dim(text));
  visible_ = true;
}

void ProgressLine::clear() {
  if (visible_) terminal_.over("");
  visible_ = false;
}

std::string bar(double fraction, int width) {
  constexpr std::array<const char*, 8> kEighths = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::lround(std::clamp(fraction, 0.0, 1.0) * width * 8));
  std::string s;
  for (int i = 0; i < width; ++i) {
    const int filled = std::clamp(eighths - 8 * i, 0, 8);
    s += filled == 8 ? "█" : kEighths[static_cast<std::size_t>(filled)];
  }
  return s;
}

}  // namespace chainrule::cli
