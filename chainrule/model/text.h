// The grammar of a model's text. Texts come from files and command lines and are not trusted.
//
//   sequence  item, item, ...
//   item      layer  |  3 * layer  |  NAME = (sequence)     defines a part, which its name then
//   adds layer     NAME words key=value ...  |  NAME(sequence | sequence | ...)  |  (sequence)
#pragma once

#include <cstddef>
#include <cstdint>
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
  Word name;                                     ///< "" for sequences in brackets alone
  std::vector<Word> arguments;                   ///< linear *50*
  std::vector<std::pair<Word, Word>> options;    ///< linear 50 *bias=false*
  std::vector<std::vector<LayerText>> branches;  ///< concat(*linear 8* | *linear 8, tanh*)
  std::int64_t repeat = 1;                       ///< *3* * (linear 50, relu)
  bool defines = false;                          ///< name = (...)
};

/// Splits a text into layers, at least one; the result points into `text`. An empty branch of
/// several stands for its input. Throws Error for no layer, an empty layer, an option without key
/// or value, a bracket without its counterpart, more than 10,000 characters, 1,000 layers with
/// repetitions, or 20 brackets within each other.
std::vector<LayerText> split_layers(std::string_view text);

/// Throws Error: "BEFORE at column 1 of the modelAFTER", then the text with a mark below `word`.
[[noreturn]] void fail_at(std::string_view text, const Word& word, std::string_view before,
                          std::string_view after = "");

/// The word in quotes, cut when it is long, with anything but printable ASCII replaced by '?'.
std::string in_quotes(std::string_view word);

}  // namespace chainrule
