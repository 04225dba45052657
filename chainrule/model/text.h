// The grammar of a model's text: layers separated by commas, words by blanks, options as
// key=value. Texts come from files and command lines and are not trusted.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chainrule {

/// A stretch of a model's text.
struct Word {
  std::string_view text;
  std::size_t begin = 0;  ///< where it starts, from 0
};

struct LayerText {
  Word name;
  std::vector<Word> arguments;                 ///< linear *50*
  std::vector<std::pair<Word, Word>> options;  ///< linear 50 *bias=false*
};

/// Splits a text into layers, at least one; the result points into `text`. Throws Error for no
/// layer, an empty layer, an option without key or value, more than 10,000 characters or 1,000
/// layers.
std::vector<LayerText> split_layers(std::string_view text);

/// Throws Error: "BEFORE at column 1 of the modelAFTER", then the text with a mark below `word`.
[[noreturn]] void fail_at(std::string_view text, const Word& word, std::string_view before,
                          std::string_view after = "");

/// The word in quotes, cut when it is long, with anything but printable ASCII replaced by '?'.
std::string in_quotes(std::string_view word);

}  // namespace chainrule
