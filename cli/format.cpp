#include "cli/format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "chainrule/core/error.h"

namespace chainrule::cli {
namespace {

template <class... Args>
std::string printed(const char* format, Args... args) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, args...);
  return buffer;
}

}  // namespace

std::string percent(double fraction, int decimals) {
  return fixed(100 * fraction, decimals) + " %";
}

std::string fixed(double value, int decimals) {
  if (!std::isfinite(value) || std::abs(value) >= 1e9) return printed("%.3g", value);
  return printed("%.*f", decimals, value);
}

std::string compact(double value) {
  const double magnitude = std::abs(value);
  if (magnitude != 0 && (magnitude < 1e-3 || magnitude >= 1e15)) return printed("%.2e", value);
  if (magnitude >= 9999.5) return grouped(std::llround(value));
  return printed("%.4g", value);
}

std::string loss_text(double value) {
  if (value != 0 && std::abs(value) < 1e-3) return printed("%.2e", value);
  return std::abs(value) < 1e4 ? fixed(value, 4) : printed("%.4g", value);
}

std::string duration(double seconds) {
  if (seconds < 0.001) return "<1 ms";
  if (seconds < 0.1) return printed("%.0f ms", 1000 * seconds);
  if (seconds < 9.95) return printed("%.1f s", seconds);
  const long whole = std::lround(seconds);
  if (whole < 60) return printed("%ld s", whole);
  if (whole < 3600) return printed("%ld min %02ld s", whole / 60, whole % 60);
  return printed("%ld h %02ld min", whole / 3600, whole % 3600 / 60);
}

std::string counted(std::int64_t count, const std::string& singular) {
  return grouped(count) + " " + singular + (count == 1 ? "" : "s");
}

std::string listed(const std::vector<std::string>& items, const std::string& last) {
  std::string s;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) s += i + 1 == items.size() ? " " + last + " " : ", ";
    s += items[i];
  }
  return s;
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string s;
  for (const std::string_view name : names) s += (s.empty() ? "" : ", ") + std::string(name);
  return s;
}

std::string shell_word(const std::string& text) {
  const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string s = "'";
  for (const char c : text) {
    if (c == '\'')
      s += "'\\''";
    else
      s += c;
  }
  return s + "'";
}

std::string without_secrets(std::string_view url) {
  const std::size_t query = std::min(url.find_first_of("?#"), url.size());
  const std::string_view plain = url.substr(0, query);
  const std::size_t scheme = plain.find("://");
  const std::size_t host = scheme == plain.npos ? 0 : scheme + 3;
  // A password may hold a slash, so an '@' further on counts, too.
  const std::size_t user = plain.substr(host).rfind('@');
  std::string shown(plain.substr(0, host));
  shown += user == plain.npos ? std::string(plain.substr(host))
                              : "***" + std::string(plain.substr(host + user));
  return query < url.size() ? shown + "?***" : shown;
}

}  // namespace chainrule::cli
