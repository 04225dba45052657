#include "cli/confusion.h"

#include <algorithm>

#include "chainrule/core/error.h"
#include "cli/format.h"

namespace chainrule::cli {
namespace {

constexpr int kLongestName = 14;
constexpr int kGap = 2;
constexpr std::size_t kPairs = 3;

struct Mistake {
  std::int64_t count;
  Index truth, predicted;
};

/// The most frequent first.
std::vector<Mistake> mistakes(const Confusion& confusion) {
  std::vector<Mistake> all;
  for (Index t = 0; t < confusion.classes(); ++t)
    for (Index p = 0; p < confusion.classes(); ++p)
      if (t != p && confusion(t, p) > 0) all.push_back({confusion(t, p), t, p});
  std::stable_sort(all.begin(), all.end(),
                   [](const Mistake& a, const Mistake& b) { return a.count > b.count; });
  return all;
}

/// False when the window is too narrow.
bool print_square(const Terminal& out, const Confusion& confusion,
                  const std::vector<std::string>& names, std::int64_t most) {
  const std::span<const std::int64_t> counts = confusion.counts();
  int cell = display_width(grouped(*std::max_element(counts.begin(), counts.end())));
  int label = display_width("true");
  for (const std::string& name : names) {
    cell = std::max(cell, std::min(display_width(name), kLongestName));
    label = std::max(label, std::min(display_width(name), kLongestName));
  }
  const int width = label + static_cast<int>(names.size()) * (cell + kGap);
  if (width > out.width()) return false;

  std::string line = pad_right("", label + kGap) + "predicted";
  out.line(out.dim(line));
  line = pad_right("true", label);
  for (const std::string& name : names)
    line += std::string(kGap, ' ') + pad_left(shorten(name, cell), cell);
  out.line(out.dim(line));
  for (Index t = 0; t < confusion.classes(); ++t) {
    line = pad_right(out.dim(shorten(names[static_cast<std::size_t>(t)], label)), label);
    for (Index p = 0; p < confusion.classes(); ++p) {
      const std::int64_t n = confusion(t, p);
      std::string text = n == 0 ? out.dim("·") : grouped(n);
      if (t == p) text = out.good(text);
      // Confusions at least half as frequent as the most frequent one stand out.
      else if (n > 1 && 2 * n >= most)
        text = out.bad(text);
      line += std::string(kGap, ' ') + pad_left(text, cell);
    }
    out.line(line);
  }
  return true;
}

}  // namespace

void print_confusion(const Terminal& out, const Confusion& confusion,
                     const std::vector<std::string>& names) {
  if (names.empty()) return;
  const std::vector<Mistake> all = mistakes(confusion);
  const bool square = print_square(out, confusion, names, all.empty() ? 0 : all[0].count);
  if (all.empty() || (square && names.size() == 2)) return;
  std::vector<std::string> words;
  for (std::size_t i = 0; i < std::min(kPairs, all.size()); ++i)
    words.push_back(cat(names[static_cast<std::size_t>(all[i].truth)], " taken for ",
                        names[static_cast<std::size_t>(all[i].predicted)], " (",
                        grouped(all[i].count), ")"));
  if (square) out.line();
  out.labelled("confused", listed(words));
}

}  // namespace chainrule::cli
