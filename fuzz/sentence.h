// Is a text fit to be shown to a person who has chosen none of its bytes?
#pragma once

#include <algorithm>
#include <string_view>

namespace chainrule::fuzz {

/// Not empty, no control characters (a file's names must not command a terminal), and not too long
/// to be read. One line, except for texts that somebody typed: a mark below the place follows.
inline bool is_sentence(std::string_view text, bool typed = false) {
  constexpr std::size_t kLongest = 3'500;
  return !text.empty() && text.size() <= kLongest &&
         std::none_of(text.begin(), text.end(), [=](char c) {
           return (static_cast<unsigned char>(c) < ' ' && !(typed && c == '\n')) || c == '\x7f';
         });
}

}  // namespace chainrule::fuzz
