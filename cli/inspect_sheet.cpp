#include <algorithm>

#include "chainrule/core/error.h"
#include "cli/format.h"
#include "cli/inspect.h"

namespace chainrule::cli {
namespace {

constexpr int kSheetLabel = 9;  // as Terminal::labelled()
constexpr int kSheetWidth = 100;

}  // namespace

std::string printable(std::string_view text, int width) {
  std::string s;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    const bool second_controls = c == 0xc2 && next >= 0x80 && next < 0xa0;  // U+0080 to U+009F
    if (second_controls) ++i;
    s += c < ' ' || c == 0x7f || second_controls ? '?' : text[i];
  }
  return shorten(s, width);
}

std::string bytes_text(std::uint64_t count) {
  return counted(static_cast<std::int64_t>(count), "byte");
}

void Sheet::say(std::string_view label, std::string_view text) {
  const std::string name = out_.accent(pad_right(label, kSheetLabel));
  lines_.push_back(wrap(name + printable(text), std::min(out_.width(), kSheetWidth), kSheetLabel));
}

void Sheet::kind(std::string_view word, std::string_view text, const InspectedFile& file) {
  json.add("file", file.path).add("kind", std::string(word)).add("bytes", file.stored);
  std::string line = std::string(text) + ", " + bytes_text(file.stored);
  if (file.gzip)
    line += " of gzip, " + grouped(static_cast<Index>(file.bytes.size())) + " unpacked";
  say("file", line);
}

void Sheet::line(std::string_view text) { lines_.emplace_back(text); }

void Sheet::table(std::vector<ColumnStyle> columns,
                  const std::vector<std::vector<std::string>>& rows, std::size_t most) {
  if (rows.empty()) return;
  // One line more costs no more than the line that says so.
  const std::size_t shown = all_ || rows.size() <= most + 1 ? rows.size() : most;
  std::vector<std::vector<std::string>> cells(rows.begin(),
                                              rows.begin() + static_cast<std::ptrdiff_t>(shown));
  for (auto& row : cells)
    for (std::string& cell : row) cell = printable(cell);
  Table table(std::move(columns), 2, 0);
  table.fit(cells);
  lines_.emplace_back();
  lines_.push_back(out_.dim(table.header()));
  for (const auto& row : cells) lines_.push_back(table.row(row));
  if (shown < rows.size())
    lines_.push_back(
        out_.dim("… and " + grouped(static_cast<Index>(rows.size() - shown)) + " more (--all)"));
}

std::string Sheet::few(const std::vector<std::string>& names) const {
  constexpr int kRoom = 76;
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string next = (i > 0 ? ", " : "") + printable(names[i], 32);
    if (!all_ && display_width(text) + display_width(next) > kRoom)
      return text + " … and " + grouped(static_cast<Index>(names.size() - i)) + " more";
    text += next;
  }
  return text;
}

void Sheet::print() const {
  for (const std::string& line : lines_) out_.line(line);
}

}  // namespace chainrule::cli
