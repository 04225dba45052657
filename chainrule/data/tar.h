// Archives of the tape archiver, read in memory (POSIX.1-1988 "ustar" and what GNU tar writes for
// ordinary files).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chainrule::data {

struct TarEntry {
  std::string name;
  std::span<const std::uint8_t> content;  ///< lies in the archive
};

/// The ordinary files of an archive, at most 1,000 entries. Names are for comparing, not for
/// writing: they are as the archive has them, "../x" included. Throws DataError, beginning with
/// `name`, for a wrong checksum, a size that the archive does not hold, or a missing end.
std::vector<TarEntry> parse_tar(std::span<const std::uint8_t> archive, std::string_view name);

}  // namespace chainrule::data
