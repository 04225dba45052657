#include "chainrule/model/value_kind.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "chainrule/core/error.h"
#include "chainrule/core/number.h"
#include "chainrule/layers/init.h"

namespace chainrule {
namespace {

constexpr Index kMostWhole = std::numeric_limits<std::int32_t>::max();

template <class N>
std::optional<N> read(std::string_view text) {
  N value{};
  const char* const stop = text.data() + text.size();
  const auto [end, error] = [&] {
    if constexpr (std::is_same_v<N, double>)
      return read_number(text.data(), stop, value);
    else
      return std::from_chars(text.data(), stop, value);
  }();
  if (error != std::errc() || end != stop) return std::nullopt;
  return value;
}

std::string joined_by_x(const std::vector<Index>& list) {
  std::string text;
  for (const Index n : list) text += cat(text.empty() ? "" : "x", n);
  return text;
}

}  // namespace

std::optional<double> read_double(std::string_view text) { return read<double>(text); }
std::optional<Index> read_whole(std::string_view text) { return read<Index>(text); }

std::optional<std::vector<Index>> read_list(std::string_view text) {
  std::vector<Index> list;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('x', begin), text.size());
    const auto n = read<std::int32_t>(text.substr(begin, end - begin));
    if (!n) return std::nullopt;
    list.push_back(*n);
    begin = end + 1;
  }
  return list;
}

std::optional<std::vector<Index>> read_pair(std::string_view text) {
  auto list = read_list(text);
  if (list && list->size() == 1) list->push_back(list->front());
  if (!list || list->size() != 2) return std::nullopt;
  return list;
}

ValueKind whole_kind(Index least, Index most) {
  return {cat("a whole number from ", grouped(least), " to ", grouped(most)),
          [=](std::string_view text) {
            const auto n = read_whole(text);
            return n && *n >= least && *n <= most ? std::to_string(*n) : std::string();
          }};
}

ValueKind number_kind(const Range& range) {
  return {range.str(), [=](std::string_view text) -> std::string {
            const std::optional<double> v = read_double(text);
            if (!v || !std::isfinite(*v) || !range.holds(*v)) return "";
            char buffer[32];
            return {buffer, std::to_chars(buffer, buffer + sizeof buffer, *v).ptr};
          }};
}

ValueKind size_kind() { return whole_kind(1, kMostWhole); }

ValueKind flag_kind() {
  return {"true or false", [](std::string_view text) {
            return std::string(text == "true" || text == "false" ? text : "");
          }};
}

ValueKind init_kind() {
  return {"an initialiser", [](std::string_view text) {
            initializer(text);  // throws what is wrong
            return std::string(text);
          }};
}

ValueKind list_kind() {
  return {"whole numbers with x between them", [](std::string_view text) {
            const auto list = read_list(text);
            return list ? joined_by_x(*list) : std::string();
          }};
}

ValueKind pair_kind(Index least, bool shorten, std::string_view word) {
  return {cat("one or two numbers from ", least, " such as 3 or 3x2",
              word.empty() ? "" : cat(", or '", word, "'")),
          [=, word = std::string(word)](std::string_view text) -> std::string {
            if (!word.empty() && text == word) return word;
            auto pair = read_pair(text);
            if (!pair || std::ranges::min(*pair) < least) return "";
            if (shorten && pair->front() == pair->back()) pair->pop_back();
            return joined_by_x(*pair);
          }};
}

}  // namespace chainrule
