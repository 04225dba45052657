#include "chainrule/core/plain_text.h"

#include <algorithm>

namespace chainrule {

std::string without_controls(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  return text;
}

}  // namespace chainrule
