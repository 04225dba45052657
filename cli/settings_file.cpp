#include "cli/settings_file.h"

#include <algorithm>
#include <string_view>

#include "chainrule/core/plain_text.h"
#include "chainrule/data/file.h"
#include "cli/args.h"

namespace chainrule::cli {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t\r"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t\r") + 1);
}

/// So much of a line as a sentence has room for.
std::string quoted(std::string_view line) {
  constexpr std::size_t kRoom = 60;
  return line.size() <= kRoom ? cat("'", line, "'") : cat("'", line.substr(0, kRoom), " ...'");
}

void check_text(std::string_view line, const std::string& where) {
  for (std::size_t i = 0; i < line.size();) {
    const std::size_t size = utf8_size(line.substr(i));
    if (size == 0) throw UsageError(where + "a byte that is not UTF-8");
    if (line[i] != '\t' && !is_plain(line.substr(i, size)))
      throw UsageError(where + "a control character or an invisible one");
    i += size;
  }
}

Setting parse_setting(std::string_view line, std::int64_t number, const std::string& where) {
  if (line[0] == '[')
    throw UsageError(cat(where, "a section ", quoted(line),
                         "; settings stand in lines such as 'lr = 0.1', without sections"));
  const std::size_t equals = line.find('=');
  const std::string_view name = trimmed(line.substr(0, equals));
  constexpr std::size_t kLongestName = 60;
  if (name.empty() || name.size() > kLongestName || name.find_first_of(" \t") != name.npos)
    throw UsageError(
        cat(where, quoted(line), " is no setting, expected a line such as 'lr = 0.1'"));
  if (equals == line.npos) return {std::string(name), std::nullopt, number};
  std::string_view value = trimmed(line.substr(equals + 1));
  const bool in_quotes =
      value.size() >= 2 && (value[0] == '"' || value[0] == '\'') && value.front() == value.back();
  if (in_quotes) value = value.substr(1, value.size() - 2);
  return {std::string(name), std::string(value), number};
}

}  // namespace

std::vector<Setting> read_settings(const std::string& file) {
  data::Bytes bytes;
  try {
    bytes = data::read_file(file, kMostBytes);
  } catch (const DataError& e) {
    throw DataError(cat("the file of --config cannot be read: ", e.what()));
  }
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<Setting> settings;
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string where = cat("line ", number, " of the file of --config: ");
    check_text(line, where);
    if (!line.empty() && line[0] != '#' && line[0] != ';')
      settings.push_back(parse_setting(line, number, where));
  }
  return settings;
}

}  // namespace chainrule::cli
