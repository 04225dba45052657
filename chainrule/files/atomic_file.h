// Files that are either the old one or the whole new one, never a part.
#pragma once

#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string_view>

namespace chainrule {

/// Writes the parts one after another to a new file beside `path`, syncs it to the disk, and
/// renames it to `path`; then syncs the folder. Throws DataError naming the file and the reason
/// (no space, no permission), and leaves what was there before. A device or pipe of that name is
/// written to as it is.
void write_file(const std::filesystem::path& path,
                std::initializer_list<std::span<const std::byte>> parts);
void write_file(const std::filesystem::path& path, std::string_view text);

/// Removes what write_file() could not finish in this folder because its process was killed: files
/// named ".NAME.chainrule-" and six characters. For a folder that nobody else writes to at the
/// moment.
void remove_leftovers(const std::filesystem::path& folder);

}  // namespace chainrule
