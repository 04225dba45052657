// Real numbers from text.
#pragma once

#include <charconv>

namespace chainrule {

/// std::from_chars for a double, which not every standard library has: reads a decimal number,
/// "inf" or "nan" from [first, last), whatever the locale; no space and no plus sign before it.
std::from_chars_result read_number(const char* first, const char* last, double& value);

}  // namespace chainrule
