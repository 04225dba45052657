#include "cli/tune_space.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>

#include "cli/args.h"

namespace chainrule::cli {
namespace {

constexpr std::uint64_t kTrials = 0x74726961'6c000000;  // "trial"

[[noreturn]] void refuse_choice(const std::string& text, const std::string& expected) {
  throw UsageError(cat("--try '", text, "': ", expected,
                       ", as in lr=log:1e-4:1, hidden=16,32 or 'model=linear {8,16}, relu, linear "
                       "2'"));
}

std::vector<std::string> split_at(const std::string& text, char sign) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(sign, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

Choice::Choice(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos || equals == 0 || equals + 1 == text.size())
    refuse_choice(text, "a flag's name, '=' and values were expected");
  flag_ = text.substr(0, equals);
  if (!flag_.starts_with("--")) flag_ = "--" + flag_;
  const std::string value = text.substr(equals + 1);
  const std::map<std::string, Kind> kinds = {{"uniform", Kind::uniform},
                                             {"log", Kind::log},
                                             {"int", Kind::whole},
                                             {"logint", Kind::log_whole}};
  if (const auto it = kinds.find(value.substr(0, value.find(':'))); it != kinds.end()) {
    kind_ = it->second;
    parse_range(text, value);
  } else {
    parse_pieces(text, value);
  }
}

void Choice::parse_range(const std::string& text, const std::string& value) {
  const std::vector<std::string> parts = split_at(value, ':');
  const auto number = [&](const std::string& word) {
    double x = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), x);
    if (error != std::errc{} || end != word.data() + word.size() || !std::isfinite(x))
      refuse_choice(text, cat("'", word, "' is no number"));
    return x;
  };
  if (parts.size() != 3) refuse_choice(text, "two numbers were expected after ':'");
  low_ = number(parts[1]), high_ = number(parts[2]);
  if (!(low_ < high_)) refuse_choice(text, "the first number must be below the second");
  const bool logarithm = kind_ == Kind::log || kind_ == Kind::log_whole;
  if (logarithm && !(low_ > 0)) refuse_choice(text, "a logarithm needs numbers above 0");
}

void Choice::parse_pieces(const std::string& text, const std::string& value) {
  if (value.find('{') == value.npos && flag_ != "--model") {
    pieces_ = {split_at(value, ',')};
  } else {
    for (std::size_t at = 0; at < value.size();) {
      const std::size_t open = std::min(value.find('{', at), value.size());
      if (open > at) pieces_.push_back({value.substr(at, open - at)});
      if (open == value.size()) break;
      const std::size_t close = value.find('}', open);
      if (close == value.npos) refuse_choice(text, "a '}' is missing");
      pieces_.push_back(split_at(value.substr(open + 1, close - open - 1), ','));
      at = close + 1;
    }
  }
  for (const auto& piece : pieces_)
    for (const std::string& word : piece)
      if (word.empty()) refuse_choice(text, "a value is empty");
}

std::string Choice::draw(Random& random) const {
  if (kind_ == Kind::pieces) {
    std::string text;
    for (const auto& piece : pieces_)
      text += piece[random.below(static_cast<std::uint32_t>(piece.size()))];
    return text;
  }
  const double u = random.uniform();
  const bool logarithm = kind_ == Kind::log || kind_ == Kind::log_whole;
  const double x = logarithm ? low_ * std::pow(high_ / low_, u) : low_ + (high_ - low_) * u;
  if (kind_ == Kind::whole || kind_ == Kind::log_whole)
    return std::to_string(std::clamp(std::llround(x), std::llround(low_), std::llround(high_)));
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", x);
  return text;
}

std::vector<Choice> parse_choices(const std::vector<std::string>& texts) {
  std::vector<Choice> choices;
  for (const std::string& text : texts) {
    Choice choice(text);
    if (std::ranges::any_of(choices, [&](const Choice& c) { return c.flag() == choice.flag(); }))
      throw UsageError(cat("--try names ", choice.flag(), " twice"));
    choices.push_back(std::move(choice));
  }
  return choices;
}

Settings draw_settings(const std::vector<Choice>& choices, std::uint64_t seed, std::int64_t trial) {
  Random random(seed, kTrials ^ static_cast<std::uint64_t>(trial));
  Settings settings;
  for (const Choice& choice : choices) settings.emplace_back(choice.flag(), choice.draw(random));
  return settings;
}

const std::set<std::string>& tunable() {
  static const std::set<std::string> names = {
      "--model",      "--hidden",       "--loss",     "--init",  "--l1",         "--l2",
      "--optimizer",  "--lr",           "--momentum", "--batch", "--accumulate", "--clip-norm",
      "--clip-value", "--weight-decay", "--schedule", "--seed"};
  return names;
}

std::vector<std::string> default_choices(const Settings& given) {
  const auto has = [&](const char* name) {
    return std::ranges::any_of(given, [&](const auto& s) { return s.first == name; });
  };
  std::vector<std::string> choices;
  if (!has("--lr")) choices.emplace_back("lr=log:0.0003:0.03");
  if (!has("--batch")) choices.emplace_back("batch=16,32,64,128");
  if (!has("--model") && !has("--hidden")) choices.emplace_back("hidden=logint:8:256");
  if (choices.empty()) throw UsageError("--try is missing: all that is tried by default is given");
  return choices;
}

}  // namespace chainrule::cli
