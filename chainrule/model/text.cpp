#include "chainrule/model/text.h"

#include <algorithm>

#include "chainrule/core/error.h"

namespace chainrule {
namespace {

constexpr std::size_t kMaxCharacters = 10'000, kMaxLayers = 1'000;
constexpr std::string_view kBlanks = " \t\r\n";

/// Fit for a terminal.
std::string printable(std::string_view s) {
  std::string out(s);
  for (char& c : out) {
    if (kBlanks.find(c) != kBlanks.npos) c = ' ';
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

LayerText read_layer(std::string_view text, std::size_t begin, std::size_t end) {
  LayerText layer;
  const auto word = [&](std::size_t from, std::size_t to) {
    return Word{text.substr(from, to - from), from};
  };
  for (std::size_t i = begin;;) {
    i = std::min(text.find_first_not_of(kBlanks, i), end);
    if (i == end) return layer;
    const std::size_t stop = std::min(text.find_first_of(kBlanks, i), end);
    const std::size_t equals = text.find('=', i);
    if (layer.name.text.empty()) {
      layer.name = word(i, stop);
    } else if (equals >= stop) {
      layer.arguments.push_back(word(i, stop));
    } else {
      if (equals == i || equals + 1 == stop)
        fail_at(text, word(i, stop), in_quotes(word(i, stop).text), ", expected key=value");
      layer.options.emplace_back(word(i, equals), word(equals + 1, stop));
    }
    i = stop;
  }
}

}  // namespace

std::vector<LayerText> split_layers(std::string_view text) {
  if (text.size() > kMaxCharacters)
    throw Error(cat("the model's text has ", grouped(static_cast<std::int64_t>(text.size())),
                    " characters, at most ", grouped(kMaxCharacters), " are allowed"));
  if (text.find_first_not_of(kBlanks) == text.npos)
    throw Error("the model has no layers, expected for example 'linear 50, relu, linear 10'");
  std::vector<LayerText> layers;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    layers.push_back(read_layer(text, begin, end));
    if (layers.back().name.text.empty()) fail_at(text, {"", end}, "a layer is missing");
    if (layers.size() > kMaxLayers)
      throw Error(cat("the model has more than ", grouped(kMaxLayers), " layers"));
    begin = end + 1;
  }
  return layers;
}

void fail_at(std::string_view text, const Word& word, std::string_view before,
             std::string_view after) {
  // A long text is shown in part, so that the mark stays on the screen.
  constexpr std::size_t kBefore = 40, kWidth = 90;
  const std::size_t from =
      text.size() <= kWidth || word.begin <= kBefore ? 0 : word.begin - kBefore;
  const std::string_view shown = text.substr(from, kWidth);
  const std::string_view dots = from > 0 ? "..." : "";
  const std::size_t column = word.begin - from;
  const std::size_t length =
      std::max<std::size_t>(1, std::min(word.text.size(), shown.size() - column));
  throw Error(cat(printable(before), " at column ", word.begin + 1, " of the model", after,
                  "\n    ", dots, printable(shown), from + shown.size() < text.size() ? "..." : "",
                  "\n    ", std::string(dots.size() + column, ' '), '^',
                  std::string(length - 1, '~')));
}

std::string in_quotes(std::string_view word) {
  constexpr std::size_t kLongest = 40;
  return cat('\'', printable(word.substr(0, kLongest)), word.size() > kLongest ? "..." : "", '\'');
}

}  // namespace chainrule
