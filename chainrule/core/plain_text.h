// Texts that come from files, for a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace chainrule {

/// The text with '?' for each character that could command a terminal or deceive who reads it: all
/// control characters (C0 with line breaks and tabs, DEL, C1), marks of direction, separators of
/// lines, characters without a width that tag or join nothing, and bytes that are not UTF-8. What a
/// file calls its columns, classes and tensors goes through here before it is shown.
std::string without_controls(std::string_view text);
/// The same, but line breaks stay: for a text that is made of lines.
std::string lines_without_controls(std::string_view text);

/// Bytes of the well-formed UTF-8 character at the beginning of `text`, 0 when it is not one
/// (Unicode 15, table 3-7). `text` is not empty.
std::size_t utf8_size(std::string_view text);

/// The code point of one well-formed UTF-8 character.
std::uint32_t code_point(std::string_view character);

/// Can the text be put in front of a person as it is? True when without_controls() leaves it.
bool is_plain(std::string_view text);

}  // namespace chainrule
