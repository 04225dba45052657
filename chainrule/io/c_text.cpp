#include "chainrule/io/c_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "chainrule/core/error.h"

namespace chainrule::c_text {
namespace {

constexpr std::size_t kColumns = 100;
/// C99 promises no longer string literals than 4,095 characters; an escape takes four.
constexpr std::size_t kLongestString = 1000;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_plain(char c) { return c >= ' ' && c <= '~'; }

template <class T>
std::string shortest(T value, std::string_view where) {
  if (!std::isfinite(value))
    throw NumericError(cat(where, " holds a number that is not finite, which C cannot name"));
  char buffer[32];
  std::string s(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  if (s.find_first_of(".e") == s.npos) s += ".0";
  return s;
}

}  // namespace

std::string number(float value, std::string_view where) { return shortest(value, where) + "f"; }
std::string number(double value, std::string_view where) { return shortest(value, where); }

std::string quoted(std::string_view text) {
  std::string s = "\"";
  for (const char c : text.substr(0, kLongestString)) {
    if (is_plain(c) && c != '"' && c != '\\' && c != '?') {
      s += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      s += '\\';
      for (const int shift : {6, 3, 0}) s += static_cast<char>('0' + (byte >> shift & 7));
    }
  }
  return s + '"';
}

std::string comment(std::string_view text) {
  std::string s(text.substr(0, kLongestString));
  for (char& c : s)
    if (!is_plain(c) || c == '*' || c == '\\' || c == '?') c = '_';
  return s;
}

bool is_identifier(std::string_view text) {
  return !text.empty() && is_letter(text[0]) &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

std::string identifier(std::string_view text) {
  std::string s;
  for (const char c : text) s += is_letter(c) || is_digit(c) ? c : '_';
  return is_identifier(s) ? s : cat("model_", s);
}

std::string array(std::string_view type, std::string_view name,
                  const std::vector<std::string>& items, Index row) {
  std::string s = cat("static const ", type, " ", name, "[", items.size(), "] = {");
  std::size_t whole = s.size() + 2;
  for (const std::string& item : items) whole += item.size() + 2;
  if (whole <= kColumns && (row == 1 || static_cast<std::size_t>(row) == items.size())) {
    for (std::size_t i = 0; i < items.size(); ++i) s += cat(i > 0 ? ", " : "", items[i]);
    return s + "};\n";
  }
  std::size_t column = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const bool begins = i % static_cast<std::size_t>(row) == 0;
    if (begins || column + items[i].size() + 2 > kColumns) {
      s += begins ? "\n " : "\n   ";
      column = begins ? 1 : 3;
    }
    s += cat(" ", items[i], i + 1 < items.size() ? "," : "");
    column += items[i].size() + 2;
  }
  return s + "\n};\n";
}

}  // namespace chainrule::c_text
