// The words of a formula.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chainrule::detail {

inline bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// A letter, then letters and digits.
bool is_name(std::string_view s);

/// A name, a number, one of ( ) [ ] , ; = + - * / @ ^, or the end (empty).
struct Token {
  std::string_view text;
  std::size_t begin = 0;
  std::size_t end() const { return begin + text.size(); }
};

/// Stands at one token at a time. Its errors are marked in the text, which must outlive it.
class Scanner {
 public:
  /// Throws Error when the text has more than `limit` characters; `what` is its name in errors.
  Scanner(std::string_view text, std::size_t limit, std::string_view what);

  std::string_view text() const { return text_; }
  const Token& token() const { return token_; }
  bool at(std::string_view s) const { return token_.text == s; }
  bool at_end() const { return token_.text.empty(); }
  std::size_t last_end() const { return last_end_; }
  [[noreturn]] void fail(std::size_t begin, std::size_t end, const std::string& message) const;
  [[noreturn]] void fail(const Token& t, const std::string& message) const {
    fail(t.begin, t.end(), message);
  }
  [[noreturn]] void unexpected(std::string_view expected) const;

  void next();
  /// Takes the token when it is `s`.
  bool take(std::string_view s) {
    if (!at(s)) return false;
    next();
    return true;
  }

  bool at_number() const {
    return !at_end() && (is_digit(token_.text[0]) || token_.text[0] == '.');
  }
  double number();
  /// A number with any signs before it.
  double signed_number();

 private:
  std::size_t number_end(std::size_t i) const;

  std::string_view text_;
  Token token_;
  std::size_t last_end_ = 0;
};

}  // namespace chainrule::detail
