// What a value in a model's text may be.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/core/setting.h"
#include "chainrule/core/shape.h"

namespace chainrule {

/// What a value in a model's text may be: `expected` says it, `canonical` returns the value in the
/// one way in which text() writes it, or "" when it is none.
struct ValueKind {
  std::string expected;
  std::function<std::string(std::string_view text)> canonical;
};

ValueKind whole_kind(Index least, Index most);
ValueKind number_kind(const Range& range);
/// A whole number from 1.
ValueKind size_kind();
ValueKind flag_kind();
ValueKind init_kind();
/// Axes or sizes: "28x28", "0x2x1".
ValueKind list_kind();
/// Vertical and horizontal numbers from `least`: "3x2", or "3", which means "3x3". Equal ones are
/// written in the second way if `shorten`. `word` is allowed, too, unless empty.
ValueKind pair_kind(Index least, bool shorten, std::string_view word = {});

/// The whole text as a number of that type.
std::optional<double> read_double(std::string_view text);
std::optional<Index> read_whole(std::string_view text);
/// "28x28" as {28, 28}.
std::optional<std::vector<Index>> read_list(std::string_view text);
/// "3" as {3, 3}.
std::optional<std::vector<Index>> read_pair(std::string_view text);

}  // namespace chainrule
