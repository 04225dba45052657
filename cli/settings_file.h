// The file of --config: lines "name = value".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chainrule::cli {

struct Setting {
  std::string name;
  std::optional<std::string> value;  ///< none for a line with a name alone
  std::int64_t line = 0;             ///< from 1
};

/// The settings of a file in their order. A value is the rest of its line, commas and blanks
/// included, without quotes around it; lines that begin with '#' or ';' are comments. Throws
/// DataError when the file cannot be read, UsageError naming the line when it is no such file:
/// sections, words without '=', control characters, bytes that are not UTF-8, more than 1 MiB.
std::vector<Setting> read_settings(const std::string& file);

}  // namespace chainrule::cli
