#include "chainrule/core/json.h"

#include <charconv>
#include <cstdio>

#include "chainrule/core/plain_text.h"

namespace chainrule {
namespace {

/// UTF-16 code units, as JSON wants them.
std::string escaped(std::uint32_t code) {
  char text[16];
  if (code < 0x10000)
    std::snprintf(text, sizeof text, "\\u%04x", code);
  else
    std::snprintf(text, sizeof text, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
                  0xdc00 + (code & 0x3ff));
  return text;
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
    } else if (!is_plain(text.substr(0, size))) {  // a terminal may be where this is read
      s += escaped(code_point(text.substr(0, size)));
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
