// Errors: one sentence that names what is wrong, where, and what was expected.
#pragma once

#include <concepts>
#include <cstdint>
#include <iterator>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

namespace chainrule {

/// Every error that this library reports on purpose. `what()` is one sentence for a person.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Sizes that do not fit, found when a node is added to a graph.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// A file, table or stream whose content cannot be used.
class DataError : public Error {
 public:
  using Error::Error;
};

/// NaN or infinity where training needs a number.
class NumericError : public Error {
 public:
  using Error::Error;
};

/// Where in the user's program a node was added.
using Location = std::source_location;

namespace detail {
inline void append(std::string& s, std::string_view v) { s += v; }
inline void append(std::string& s, char v) { s += v; }
void append(std::string& s, double v);
inline void append(std::string& s, float v) { append(s, static_cast<double>(v)); }
// Every type of whole numbers: which of them std::size_t and std::int64_t are differs by system.
void append(std::string& s, std::signed_integral auto v) { s += std::to_string(v); }
void append(std::string& s, std::unsigned_integral auto v) { s += std::to_string(v); }
}  // namespace detail

/// Joins text and numbers: `cat("row ", 3, " has ", 2.5)`. Numbers are written as %.6g.
template <class... Parts>
std::string cat(const Parts&... parts) {
  std::string s;
  (detail::append(s, parts), ...);
  return s;
}

/// An integer with thousands separated, as people read it: 101,770.
std::string grouped(std::int64_t value);

/// The shortest text that reads back as the same number.
std::string exact(double value);

/// The candidate that is most likely meant by a mistyped word, or "" when none is near.
template <class Names>
std::string_view closest(std::string_view word, const Names& names);

/// The end of a sentence about a mistyped word: " (did you mean 'relu'?)", or the names that there
/// are, when they are few.
template <class Names>
std::string did_you_mean(std::string_view word, const Names& names);

namespace detail {
/// Edits (insert, delete, replace, swap of neighbours) that turn one word into the other.
int edit_distance(std::string_view a, std::string_view b);
}  // namespace detail

template <class Names>
std::string_view closest(std::string_view word, const Names& names) {
  std::string_view best;
  int least = static_cast<int>(word.size()) / 3 + 2;
  for (const auto& name : names) {
    const int d = detail::edit_distance(word, name);
    if (d < least) least = d, best = name;
  }
  return best;
}

template <class Names>
std::string did_you_mean(std::string_view word, const Names& names) {
  constexpr std::size_t kFew = 30;
  if (const std::string_view meant = closest(word, names); !meant.empty())
    return cat(" (did you mean '", meant, "'?)");
  std::string list;
  if (std::size(names) <= kFew)
    for (const auto& name : names) list += cat(list.empty() ? ", expected one of " : ", ", name);
  return list;
}

}  // namespace chainrule
