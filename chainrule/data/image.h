// Pictures: what a network sees of them, and what a person sees of a dataset.
#pragma once

#include <filesystem>
#include <string>

#include "chainrule/data/dataset.h"
#include "chainrule/data/file.h"
#include "chainrule/data/raster.h"

namespace chainrule::data {

/// Grey bytes, row after row from the top; 0 is black.
struct Picture {
  Index height = 0;
  Index width = 0;
  Bytes pixels;

  std::uint8_t& operator()(Index y, Index x) {
    return pixels[static_cast<std::size_t>(y * width + x)];
  }
  std::uint8_t operator()(Index y, Index x) const {
    return pixels[static_cast<std::size_t>(y * width + x)];
  }
};

/// Reads PNG, JPEG, BMP or PGM, see raster.h; colours become grey. Throws DataError with one
/// sentence.
Picture read_picture(const std::filesystem::path& path);
/// The same from memory; `name` begins every error message.
Picture parse_picture(const Bytes& file, const std::string& name);

void write_pgm(const std::filesystem::path& path, const Picture& picture);
void write_png(const std::filesystem::path& path, const Picture& picture);

/// What a network trained on pictures of {height, width} = `image` should see of any picture:
/// bright ink on black, as in MNIST. When the outermost pixels are brighter on average than the
/// others (dark ink on paper) black and white are exchanged. Another size is scaled by averaging
/// areas, keeping its proportions, and centred on black.
Picture as_input(const Picture& picture, const Shape& image);

/// The same for a picture in colour or not: the bytes of a row of the shape {height, width} as
/// as_input() makes them, or {height, width, 3} (red, green and blue of a pixel beside each other),
/// scaled and centred in the same way, but never with black and white exchanged.
Bytes picture_row(const Raster& raster, const Shape& image);

/// One row of a dataset of pictures, colours made grey. Throws Error when it has none.
Picture picture(const Dataset& dataset, Index row);

/// rows x cols pictures of a dataset beside each other, beginning at row `first`.
Picture contact_sheet(const Dataset& dataset, Index rows, Index cols, Index first = 0);

/// The same as the data have it, with colours.
Raster raster_sheet(const Dataset& dataset, Index rows, Index cols, Index first = 0);

/// A picture as lines of text for a terminal: one character for two pixels above each other.
std::string ascii(const Picture& picture);

}  // namespace chainrule::data
