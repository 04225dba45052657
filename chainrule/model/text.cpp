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

/// Recursive descent over the text.
class LayerParser {
 public:
  explicit LayerParser(std::string_view text) : text_(text) {}

  std::vector<LayerText> parse() {
    std::vector<LayerText> all = sequence(0, 1);
    if (at_ < text_.size())
      fail_at(text_, {text_.substr(at_, 1), at_},
              cat(in_quotes(text_.substr(at_, 1)), " is not expected"));
    return all;
  }

 private:
  static constexpr int kMaxDepth = 20;

  void skip_blanks() { at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size()); }
  bool ends(std::string_view signs) const {
    return at_ == text_.size() || signs.find(text_[at_]) != signs.npos;
  }
  bool stands(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool take(char c) {
    skip_blanks();
    if (!stands(c)) return false;
    ++at_;
    return true;
  }

  std::vector<LayerText> sequence(int depth, std::int64_t times) {
    std::vector<LayerText> layers;
    do {
      layers.push_back(item(depth, times));
    } while (take(','));
    return layers;
  }

  LayerText item(int depth, std::int64_t times) {
    skip_blanks();
    if (ends(",|)")) fail_at(text_, {"", at_}, "a layer is missing");
    LayerText layer;
    layer.repeat = repetitions(times);
    count(times * layer.repeat);
    if (!stands('(')) read_words(layer);
    if (!take('(')) return layer;
    const std::size_t open = at_ - 1;
    if (layer.name.text.empty()) layer.name = {text_.substr(open, 0), open};
    if (depth == kMaxDepth)
      fail_at(text_, {text_.substr(open, 1), open},
              cat("more than ", kMaxDepth, " brackets within each other"));
    do {
      skip_blanks();
      if (ends("|)") && !layer.name.text.empty() && !layer.defines)
        layer.branches.emplace_back();
      else
        layer.branches.push_back(sequence(depth + 1, times * layer.repeat));
    } while (take('|'));
    if (!take(')')) fail_at(text_, {text_.substr(open, 1), open}, "this bracket is never closed");
    skip_blanks();
    if (!ends(",|)"))
      fail_at(text_, {text_.substr(at_, 1), at_},
              cat(in_quotes(text_.substr(at_, 1)), " after a bracket"),
              ", expected ',' or the end");
    return layer;
  }

  /// "3 *" before a layer.
  std::int64_t repetitions(std::int64_t times) {
    const std::size_t begin = at_;
    const std::size_t stop = std::min(text_.find_first_not_of("0123456789", at_), text_.size());
    const std::size_t star = text_.find_first_not_of(kBlanks, stop);
    if (stop == begin || star == text_.npos || text_[star] != '*') return 1;
    std::int64_t n = 0;
    for (std::size_t i = begin; i < stop && n <= static_cast<std::int64_t>(kMaxLayers); ++i)
      n = 10 * n + (text_[i] - '0');
    const Word number{text_.substr(begin, stop - begin), begin};
    if (n < 1)
      fail_at(text_, number, cat(in_quotes(number.text), " repetitions"), ", expected at least 1");
    at_ = star + 1;
    skip_blanks();
    if (ends(",|)")) fail_at(text_, {"", at_}, "a layer is missing");
    if (n * times > static_cast<std::int64_t>(kMaxLayers)) count(n * times);
    return n;
  }

  void count(std::int64_t layers) {
    layers_ += layers;
    if (layers_ > static_cast<std::int64_t>(kMaxLayers))
      throw Error(cat("the model has more than ", grouped(kMaxLayers), " layers"));
  }

  /// A name, its arguments and options, up to a comma, a bar or a bracket.
  void read_words(LayerText& layer) {
    constexpr std::string_view kEnds = ",|()";
    for (skip_blanks(); !ends(kEnds); skip_blanks()) {
      const std::size_t begin = at_;
      at_ = std::min(text_.find_first_of(" \t\r\n,|()", at_), text_.size());
      const Word word{text_.substr(begin, at_ - begin), begin};
      const std::size_t equals = word.text.find('=');
      if (layer.name.text.empty()) {
        layer.name = word;
      } else if (word.text == "=" && layer.arguments.empty() && layer.options.empty()) {
        layer.defines = true;
        skip_blanks();
        if (!stands('('))
          fail_at(text_, word, "'='", cat(", expected '", layer.name.text, " = (' and layers"));
        return;
      } else if (equals == word.text.npos) {
        layer.arguments.push_back(word);
      } else {
        if (equals == 0 || equals + 1 == word.text.size())
          fail_at(text_, word, in_quotes(word.text), ", expected key=value");
        layer.options.emplace_back(Word{word.text.substr(0, equals), begin},
                                   Word{word.text.substr(equals + 1), begin + equals + 1});
      }
    }
    if (!stands('(')) return;
    if (!layer.arguments.empty() || !layer.options.empty())
      fail_at(text_, {text_.substr(at_, 1), at_}, "'(' after the words of a layer",
              ", expected it after the name");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::int64_t layers_ = 0;
};

}  // namespace

std::vector<LayerText> split_layers(std::string_view text) {
  if (text.size() > kMaxCharacters)
    throw Error(cat("the model's text has ", grouped(static_cast<std::int64_t>(text.size())),
                    " characters, at most ", grouped(kMaxCharacters), " are allowed"));
  if (text.find_first_not_of(kBlanks) == text.npos)
    throw Error("the model has no layers, expected for example 'linear 50, relu, linear 10'");
  return LayerParser(text).parse();
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
