#include "chainrule/formula/formula_scanner.h"

#include <algorithm>

#include "chainrule/core/error.h"
#include "chainrule/core/number.h"
#include "chainrule/formula/mark.h"

namespace chainrule::detail {

bool is_name(std::string_view s) {
  return !s.empty() && is_letter(s[0]) &&
         std::ranges::all_of(s, [](char c) { return is_letter(c) || is_digit(c); });
}

Scanner::Scanner(std::string_view text, std::size_t limit, std::string_view what) : text_(text) {
  if (text.size() > limit)
    throw Error(cat(what, " has ", grouped(static_cast<std::int64_t>(text.size())),
                    " characters, at most ", grouped(static_cast<std::int64_t>(limit)),
                    " are allowed"));
  next();
}

void Scanner::fail(std::size_t begin, std::size_t end, const std::string& message) const {
  throw Error(marked(message, text_, begin, end));
}

void Scanner::unexpected(std::string_view expected) const {
  if (at_end()) fail(token_, cat("the text ends where ", expected, " was expected"));
  fail(token_, cat(detail::quoted(token_.text), " stands where ", expected, " was expected"));
}

void Scanner::next() {
  last_end_ = token_.end();
  std::size_t i = last_end_;
  while (i < text_.size() && (text_[i] == ' ' || text_[i] == '\t' || text_[i] == '\r')) ++i;
  std::size_t end = i;
  if (i == text_.size()) {
  } else if (is_letter(text_[i])) {
    while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
  } else if (is_digit(text_[i]) || text_[i] == '.') {
    end = number_end(i);
  } else if (std::string_view("()[],;=+-*/@^\n").find(text_[i]) != std::string_view::npos) {
    end = i + 1;
    if (text_.substr(i, 2) == "**")
      fail(i, i + 2, "'**' is no operator here: a power is written x^2");
  } else {
    while (end < text_.size() && (text_[end] & 0x80) != 0) ++end;  // a character of UTF-8
    end = std::max(end, i + 1);
    fail(i, end,
         cat("the character ", detail::quoted(text_.substr(i, end - i)), " has no meaning here"));
  }
  token_ = {text_.substr(i, end - i), i};
}

double Scanner::number() {
  const Token t = token_;
  double value = 0;
  const char* const end = t.text.data() + t.text.size();
  const auto [stop, error] = read_number(t.text.data(), end, value);
  if (error == std::errc::result_out_of_range)
    fail(t, cat("the number ", detail::quoted(t.text), " is too large or too small for a double"));
  if (error != std::errc{} || stop != end) fail(t, cat(detail::quoted(t.text), " is not a number"));
  next();
  return value;
}

double Scanner::signed_number() {
  bool negative = false;
  while (at("-") || at("+")) {
    negative ^= at("-");
    next();
  }
  if (!at_number()) unexpected("a number");
  const double value = number();
  return negative ? -value : value;
}

std::size_t Scanner::number_end(std::size_t i) const {
  const auto digits = [&] {
    while (i < text_.size() && (is_digit(text_[i]) || text_[i] == '.')) ++i;
  };
  digits();
  if (i < text_.size() && (text_[i] == 'e' || text_[i] == 'E')) {
    std::size_t sign = i + 1;
    if (sign < text_.size() && (text_[sign] == '+' || text_[sign] == '-')) ++sign;
    if (sign < text_.size() && is_digit(text_[sign])) {
      i = sign;
      digits();
    }
  }
  return i;
}

}  // namespace chainrule::detail
