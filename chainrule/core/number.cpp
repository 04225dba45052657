#include "chainrule/core/number.h"

#ifndef __cpp_lib_to_chars
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <locale.h>
#include <string>
#ifdef __APPLE__
#include <xlocale.h>
#endif
#endif

namespace chainrule {

#ifdef __cpp_lib_to_chars

std::from_chars_result read_number(const char* first, const char* last, double& value) {
  return std::from_chars(first, last, value);
}

#else

std::from_chars_result read_number(const char* first, const char* last, double& value) {
  static const locale_t kPlain = newlocale(LC_ALL_MASK, "C", nullptr);
  const char* digits = first;
  if (digits != last && *digits == '-') ++digits;
  const auto begins = [](char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == 'i' || c == 'I' || c == 'n' || c == 'N';
  };
  if (digits == last || !begins(*digits)) return {first, std::errc::invalid_argument};
  // strtod would read 0x10 as 16.
  if (last - digits > 1 && *digits == '0' && (digits[1] == 'x' || digits[1] == 'X'))
    last = digits + 1;
  const std::string text(first, last);
  char* stop = nullptr;
  errno = 0;
  const double read = strtod_l(text.c_str(), &stop, kPlain);
  if (stop == text.c_str()) return {first, std::errc::invalid_argument};
  const char* const end = first + (stop - text.c_str());
  if (errno == ERANGE && (read == 0 || std::isinf(read)))
    return {end, std::errc::result_out_of_range};
  value = read;
  return {end, std::errc()};
}

#endif

}  // namespace chainrule
