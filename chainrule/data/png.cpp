// The Portable Network Graphics format, https://www.w3.org/TR/png/; zlib is all that writing needs.
#include "chainrule/data/png.h"

#include <algorithm>
#include <string_view>
#include <zlib.h>

#include "chainrule/core/error.h"

namespace chainrule::data {
namespace {

void append(Bytes& file, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8)
    file.push_back(static_cast<std::uint8_t>(number >> shift));
}

/// Length, name, content and a sum to check both.
void append_chunk(Bytes& file, std::string_view name, const Bytes& content) {
  append(file, static_cast<std::uint32_t>(content.size()));
  const std::size_t begin = file.size();
  file.insert(file.end(), name.begin(), name.end());
  file.insert(file.end(), content.begin(), content.end());
  const auto sum = crc32(0, file.data() + begin, static_cast<unsigned>(file.size() - begin));
  append(file, static_cast<std::uint32_t>(sum));
}

}  // namespace

Bytes encode_png(Index height, Index width, std::span<const std::uint8_t> pixels) {
  constexpr Index kMost = 1 << 14;
  const bool in_range = height >= 1 && width >= 1 && height <= kMost && width <= kMost;
  const auto count = static_cast<std::size_t>(height * width);
  if (!in_range || (pixels.size() != count && pixels.size() != 3 * count))
    throw Error(cat("a picture of ", width, " x ", height, " cannot have ", pixels.size(),
                    " bytes of pixels"));
  const bool colour = pixels.size() != count;
  const auto line = static_cast<std::size_t>(width) * (colour ? 3 : 1);

  // A row begins with the way in which it differs from its neighbours: 0, as it is.
  Bytes rows;
  rows.reserve((line + 1) * static_cast<std::size_t>(height));
  for (std::size_t at = 0; at < pixels.size(); at += line) {
    rows.push_back(0);
    rows.insert(rows.end(), pixels.begin() + static_cast<std::ptrdiff_t>(at),
                pixels.begin() + static_cast<std::ptrdiff_t>(at + line));
  }
  uLongf size = compressBound(static_cast<uLong>(rows.size()));
  Bytes packed(size);
  if (compress2(packed.data(), &size, rows.data(), static_cast<uLong>(rows.size()), 9) != Z_OK)
    throw Error("there is not enough memory to pack a picture");
  packed.resize(size);

  Bytes header;
  append(header, static_cast<std::uint32_t>(width));
  append(header, static_cast<std::uint32_t>(height));
  for (const int byte : {8, colour ? 2 : 0, 0, 0, 0})  // bits, colour type, and the only methods
    header.push_back(static_cast<std::uint8_t>(byte));
  constexpr std::string_view kSignature = "\x89PNG\r\n\x1a\n";
  Bytes file(kSignature.begin(), kSignature.end());
  append_chunk(file, "IHDR", header);
  append_chunk(file, "IDAT", packed);
  append_chunk(file, "IEND", {});
  return file;
}

}  // namespace chainrule::data
