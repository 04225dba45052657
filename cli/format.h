// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chainrule::cli {

/// "97.65 %"
std::string percent(double fraction, int decimals = 2);
/// `decimals` digits after the point; "nan" and "inf" as such.
std::string fixed(double value, int decimals);
/// Four significant digits, short, and large numbers whole: "0.3127", "12.35", "23,010",
/// "1.20e-07".
std::string compact(double value);
/// Four digits after the point, so that losses stand in a column; very small ones as 1.23e-05.
std::string loss_text(double value);
/// "0.3 s", "2 min 05 s", "1 h 02 min"
std::string duration(double seconds);
/// "3 epochs", "1 epoch", "60,000 rows"
std::string counted(std::int64_t count, const std::string& singular);
/// "a, b and c"
std::string listed(const std::vector<std::string>& items, const std::string& last = "and");
/// "a, b, c"
std::string joined(const std::vector<std::string_view>& names);
/// `text` as one word of a shell: in single quotes when it holds anything but plain characters.
std::string shell_word(const std::string& text);
/// An address without what may be a secret in it: user, password, and what follows '?' or '#'.
std::string without_secrets(std::string_view url);

}  // namespace chainrule::cli
