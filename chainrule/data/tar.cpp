#include "chainrule/data/tar.h"

#include <algorithm>

#include "chainrule/core/error.h"

namespace chainrule::data {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kMostEntries = 1000;

std::string text_field(std::span<const std::uint8_t> field) {
  return {field.begin(), std::find(field.begin(), field.end(), 0)};
}

/// Octal digits, blanks before, blank or NUL behind. At most 12 digits, so nothing overflows.
/// UINT64_MAX when it is something else.
std::uint64_t octal(std::span<const std::uint8_t> field) {
  std::size_t i = 0;
  while (i < field.size() && field[i] == ' ') ++i;
  const std::size_t begin = i;
  std::uint64_t value = 0;
  for (; i < field.size() && field[i] >= '0' && field[i] <= '7'; ++i)
    value = value * 8 + (field[i] - std::uint64_t{'0'});
  const bool ends = std::all_of(field.begin() + static_cast<std::ptrdiff_t>(i), field.end(),
                                [](std::uint8_t c) { return c == ' ' || c == 0; });
  return i > begin && ends ? value : UINT64_MAX;
}

/// Of the header's bytes, its own field taken as blanks.
std::uint64_t checksum(std::span<const std::uint8_t> header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i)
    sum += i >= 148 && i < 156 ? std::uint64_t{' '} : header[i];
  return sum;
}

}  // namespace

std::vector<TarEntry> parse_tar(std::span<const std::uint8_t> archive, std::string_view name) {
  const auto refuse = [&](std::string_view why, std::size_t at) {
    throw DataError(cat(name, ": the tar archive ", why, " (byte ", at, ")"));
  };
  std::vector<TarEntry> files;
  std::size_t at = 0;
  for (std::size_t entries = 0;; ++entries) {
    if (archive.size() - at < kBlock) refuse("is cut short", at);
    const auto header = archive.subspan(at, kBlock);
    if (std::all_of(header.begin(), header.end(), [](std::uint8_t c) { return c == 0; }))
      return files;
    if (octal(header.subspan(148, 8)) != checksum(header)) refuse("has a wrong checksum", at);
    if (entries == kMostEntries) refuse(cat("has more than ", kMostEntries, " entries"), at);
    const std::uint64_t size = octal(header.subspan(124, 12));
    at += kBlock;
    if (size > archive.size() - at) refuse("promises more bytes than it holds", at - kBlock);
    const std::uint8_t type = header[156];
    if (type == '0' || type == 0)
      files.push_back({text_field(header.first(100)), archive.subspan(at, size)});
    at += std::min<std::size_t>((size + kBlock - 1) / kBlock * kBlock, archive.size() - at);
  }
}

}  // namespace chainrule::data
