// The formulas of an operation's document with the names of the nodes put in.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/graph/op.h"

namespace chainrule::detail {

/// Replaces whole words; x_j counts as x.
std::string replace_words(std::string_view text,
                          const std::map<std::string, std::string, std::less<>>& words);

/// "y = a * b" with names or numbers for the inputs: "apple * apple_num". Settings such as "p 2"
/// are put in too.
std::string forward_text(const Op& op, const std::vector<std::string>& inputs,
                         const std::string& output);

/// The local derivative by input `i` as text. When the document says dx = dy * f the text is f;
/// otherwise (a matrix product, softmax) it is the whole right side, and `is_factor` is false.
struct LocalText {
  std::string text;
  bool is_factor;
};
LocalText local_text(const Op& op, int i, const std::vector<std::string>& inputs,
                     const std::string& output);

/// What a drawing writes into the node: "+", "×", "^2", else the operation's name.
std::string symbol(const Op& op);

}  // namespace chainrule::detail
