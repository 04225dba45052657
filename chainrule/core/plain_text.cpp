#include "chainrule/core/plain_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace chainrule {
namespace {

/// First and last code points of what is not shown: C0, DEL and C1; soft hyphen; the Arabic letter
/// mark; zero width space and marks of direction (not the joiners, which scripts need); separators
/// of lines; embeddings and overrides; isolates and invisible operators; the byte order mark;
/// interlinear notes; tags (Unicode 15, categories Cc, Cf, Zl, Zp).
constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 12> kHidden = {{
    {0, 0x1f},
    {0x7f, 0x9f},
    {0xad, 0xad},
    {0x61c, 0x61c},
    {0x180e, 0x180e},
    {0x200b, 0x200b},
    {0x200e, 0x200f},
    {0x2028, 0x202e},
    {0x2060, 0x206f},
    {0xfeff, 0xfeff},
    {0xfff9, 0xfffb},
    {0xe0000, 0xe007f},
}};

/// The length of the character that begins here, and whether it may be shown.
std::pair<std::size_t, bool> next(std::string_view text) {
  const std::size_t size = utf8_size(text);
  if (size == 0) return {1, false};
  const std::uint32_t code = code_point(text.substr(0, size));
  return {size, std::ranges::none_of(kHidden, [&](const auto& range) {
            return code >= range.first && code <= range.second;
          })};
}

}  // namespace

std::size_t utf8_size(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((at(i) & 0xc0) != 0x80) return 0;
  if ((first == 0xe0 && at(1) < 0xa0) || (first == 0xed && at(1) > 0x9f) ||
      (first == 0xf0 && at(1) < 0x90) || (first == 0xf4 && at(1) > 0x8f))
    return 0;
  return size;
}

std::uint32_t code_point(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(character[i]); };
  if (character.size() == 1) return byte(0);
  std::uint32_t code = byte(0) & (0xffu >> (character.size() + 1));
  for (std::size_t i = 1; i < character.size(); ++i) code = code << 6 | (byte(i) & 0x3fu);
  return code;
}

bool is_plain(std::string_view text) {
  while (!text.empty()) {
    const auto [size, shown] = next(text);
    if (!shown) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string lines_without_controls(std::string_view text) {
  std::string plain;
  for (std::size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1))
    plain += without_controls(text.substr(0, end)) + '\n';
  return plain + without_controls(text);
}

std::string without_controls(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  while (!text.empty()) {
    const auto [size, shown] = next(text);
    if (shown)
      plain += text.substr(0, size);
    else
      plain += '?';
    text.remove_prefix(size);
  }
  return plain;
}

}  // namespace chainrule
