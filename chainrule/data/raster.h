// Pictures as their files have them, grey or in colour.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "chainrule/core/shape.h"
#include "chainrule/data/file.h"

namespace chainrule::data {

/// Longest side of a picture that is read, and most pixels of one in colour.
inline constexpr Index kLongestSide = 8192;
inline constexpr Index kMostInColour = Index{1} << 24;

/// Bytes from the top, row after row; a pixel is one byte (grey) or three (red, green, blue).
struct Raster {
  Index height = 0, width = 0, channels = 1;
  Bytes pixels;
};

/// Reads PNG (when built with libpng; what is transparent becomes white), JPEG (when built with
/// libjpeg), BMP (not packed, of 1, 4, 8, 16, 24 or 32 bits) and PGM (P2 or P5), told apart by
/// their content; pixels of 16 bits become bytes. `colour`: three channels where the file has them,
/// else colours become grey, 0.299 red + 0.587 green + 0.114 blue. `name` begins every error
/// message. Throws DataError with one sentence.
Raster parse_raster(const Bytes& file, const std::string& name, bool colour);

/// Does a raster of three channels hold anything but grey?
bool has_colours(const Raster& raster);

/// Throws DataError for sides or pixels beyond these limits.
void check_size(const std::string& name, std::uint64_t height, std::uint64_t width, bool colour);

/// The same for one kind. A JPEG of more than 2^24 pixels is read at a half, a quarter or an eighth
/// of its size.
Raster read_jpeg(const Bytes& file, const std::string& name, bool colour);
Raster read_bmp(const Bytes& file, const std::string& name, bool colour);

}  // namespace chainrule::data
