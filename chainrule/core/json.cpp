#include "chainrule/core/json.h"

#include <charconv>
#include <cstdio>

namespace chainrule {
namespace {

// Bytes of the well-formed UTF-8 character at the beginning of `s`, 0 when it is not one
// (Unicode 15, table 3-7).
std::size_t utf8_size(std::string_view s) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || s.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((at(i) & 0xc0) != 0x80) return 0;
  if ((first == 0xe0 && at(1) < 0xa0) || (first == 0xed && at(1) > 0x9f) ||
      (first == 0xf0 && at(1) < 0x90) || (first == 0xf4 && at(1) > 0x8f))
    return 0;
  return size;
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string s = "\"";
  while (!text.empty()) {
    const std::size_t size = utf8_size(text);
    const char c = text[0];
    if (size == 0) {
      s += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      s += '\\';
      s += c;
    } else if (c == '\n') {
      s += "\\n";
    } else if (c == '\t') {
      s += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      s += escape;
    } else {
      s += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return s + "\"";
}

std::string json_number(double value) {
  if (!std::isfinite(value)) return "null";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

}  // namespace chainrule
