// Whole files as bytes, with limits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace chainrule::data {

using Bytes = std::vector<std::uint8_t>;

/// Most bytes that a reader of this library takes from one file, before and after inflating.
inline constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 31;

/// Most bytes from a pipe, which does not say how many it has.
inline constexpr std::uint64_t kMaxPipeBytes = std::uint64_t{1} << 29;

/// The whole file; "-" is standard input. Throws DataError when it cannot be read, has more than
/// `limit` bytes (a pipe: kMaxPipeBytes), is a device other than a terminal, or begins with 64 KiB
/// of zeros, as nothing does that is read here.
Bytes read_file(const std::filesystem::path& path, std::uint64_t limit = kMaxFileBytes);

/// The content of a gzip file (RFC 1952; several members one after another are joined). Memory
/// grows with what the stream really holds. Throws DataError, beginning with `name`, when the
/// stream is cut short, corrupt, followed by other bytes, or holds more than `limit` bytes.
Bytes gunzip(std::span<const std::uint8_t> file, std::string_view name,
             std::uint64_t limit = kMaxFileBytes);

/// read_file(), and gunzip() when the content begins like a gzip file.
Bytes read_plain_or_gzip(const std::filesystem::path& path, std::uint64_t limit = kMaxFileBytes);

/// Writes or replaces the file, completely or not at all; see files/atomic_file.h.
void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> content);

}  // namespace chainrule::data
