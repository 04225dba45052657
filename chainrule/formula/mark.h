// A sentence about a place in a text, with a mark below it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chainrule::detail {

/// "MESSAGE\n    text\n      ^~~": the sentence, the text around [begin, end), a mark below it.
std::string marked(std::string_view message, std::string_view text, std::size_t begin,
                   std::size_t end);

/// The word in quotes, cut when it is long, with anything but printable ASCII replaced by '?'.
std::string quoted(std::string_view word);

}  // namespace chainrule::detail
