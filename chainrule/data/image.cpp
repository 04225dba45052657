#include "chainrule/data/image.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "chainrule/core/error.h"
#include "chainrule/data/png.h"
#include "chainrule/data/raster.h"

namespace chainrule::data {
namespace {

void require_picture(const Picture& p) {
  if (p.height < 1 || p.width < 1 ||
      p.pixels.size() != static_cast<std::size_t>(p.height * p.width))
    throw Error(
        cat("a picture of ", p.width, " x ", p.height, " has ", p.pixels.size(), " pixels"));
}

bool on_border(const Picture& p, Index y, Index x) {
  return y == 0 || x == 0 || y == p.height - 1 || x == p.width - 1;
}

bool is_dark_on_bright(const Picture& p) {
  double border = 0, inside = 0, borders = 0, insides = 0;
  for (Index y = 0; y < p.height; ++y)
    for (Index x = 0; x < p.width; ++x)
      (on_border(p, y, x) ? (++borders, border) : (++insides, inside)) += p(y, x);
  return insides > 0 && border / borders > inside / insides;
}

/// Sum of the pixels of `p`, or of what they lack of white, inside a rectangle; pixels that it cuts
/// are counted in part.
double area_sum(const Picture& p, bool inverted, double top, double bottom, double left,
                double right) {
  const auto first = [](double from) { return std::max<Index>(static_cast<Index>(from), 0); };
  const auto part = [](Index i, double from, double to) {
    return std::min(to, static_cast<double>(i + 1)) - std::max(from, static_cast<double>(i));
  };
  double sum = 0;
  for (Index y = first(top); y < p.height && static_cast<double>(y) < bottom; ++y) {
    double line = 0;
    for (Index x = first(left); x < p.width && static_cast<double>(x) < right; ++x)
      line += part(x, left, right) * (inverted ? 255 - p(y, x) : p(y, x));
    sum += part(y, top, bottom) * line;
  }
  return sum;
}

/// The picture with bright ink on black, or as it is, scaled by averaging areas.
Picture scaled(const Picture& picture, bool inverted, Index rows, Index cols) {
  if (picture.height == rows && picture.width == cols) {
    Picture same = picture;
    if (inverted)
      for (std::uint8_t& pixel : same.pixels) pixel = static_cast<std::uint8_t>(255 - pixel);
    return same;
  }
  // One pixel of the result is a square with side `step` in the picture.
  const auto height = static_cast<double>(picture.height);
  const auto width = static_cast<double>(picture.width);
  const double step =
      std::max(height / static_cast<double>(rows), width / static_cast<double>(cols));
  const double top = (height - static_cast<double>(rows) * step) / 2;
  const double left = (width - static_cast<double>(cols) * step) / 2;
  Picture to{rows, cols, Bytes(static_cast<std::size_t>(rows * cols))};
  for (Index y = 0; y < rows; ++y) {
    for (Index x = 0; x < cols; ++x) {
      const double y0 = top + static_cast<double>(y) * step;
      const double x0 = left + static_cast<double>(x) * step;
      const double mean = area_sum(picture, inverted, y0, y0 + step, x0, x0 + step) / (step * step);
      to(y, x) = static_cast<std::uint8_t>(std::clamp(std::lround(mean), 0L, 255L));
    }
  }
  return to;
}

/// 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601), rounded.
Bytes grey_of(const Raster& raster) {
  if (raster.channels == 1) return raster.pixels;
  Bytes grey;
  for (std::size_t i = 0; i + 2 < raster.pixels.size(); i += 3)
    grey.push_back(static_cast<std::uint8_t>(
        (299 * raster.pixels[i] + 587 * raster.pixels[i + 1] + 114 * raster.pixels[i + 2] + 500) /
        1000));
  return grey;
}

}  // namespace

Picture parse_picture(const Bytes& file, const std::string& name) {
  Raster r = parse_raster(file, name, false);
  return {r.height, r.width, std::move(r.pixels)};
}

Picture read_picture(const std::filesystem::path& path) {
  return parse_picture(read_file(path), path.string());
}

void write_pgm(const std::filesystem::path& path, const Picture& picture) {
  require_picture(picture);
  const std::string header = cat("P5\n", picture.width, " ", picture.height, "\n255\n");
  Bytes bytes(header.begin(), header.end());
  bytes.insert(bytes.end(), picture.pixels.begin(), picture.pixels.end());
  write_file(path, bytes);
}

void write_png(const std::filesystem::path& path, const Picture& picture) {
  require_picture(picture);
  write_file(path, encode_png(picture.height, picture.width, picture.pixels));
}

Picture as_input(const Picture& picture, const Shape& image) {
  require_picture(picture);
  if (image.rank() != 2) throw Error("a picture cannot become an input of " + image.str());
  return scaled(picture, is_dark_on_bright(picture), image[0], image[1]);
}

Bytes picture_row(const Raster& raster, const Shape& image) {
  const bool colour = image.rank() == 3 && image[2] == 3;
  if (!colour) return as_input({raster.height, raster.width, grey_of(raster)}, image).pixels;
  const auto count = static_cast<std::size_t>(image[0] * image[1]);
  Bytes row(3 * count);
  for (std::size_t c = 0; c < 3; ++c) {
    Picture plane{raster.height, raster.width, {}};
    for (std::size_t i = raster.channels == 3 ? c : 0; i < raster.pixels.size();
         i += static_cast<std::size_t>(raster.channels))
      plane.pixels.push_back(raster.pixels[i]);
    const Picture to = scaled(plane, false, image[0], image[1]);
    for (std::size_t i = 0; i < count; ++i) row[3 * i + c] = to.pixels[i];
  }
  return row;
}

Raster raster_of(const Dataset& dataset, Index row) {
  const Shape& image = dataset.image;
  const bool colour = image.rank() == 3 && image[2] == 3;
  if ((image.rank() != 2 && !colour) || image.size() != dataset.features.size())
    throw Error("dataset '" + dataset.name + "' does not hold pictures");
  if (row < 0 || row >= dataset.rows())
    throw Error(cat("picture ", row, " was asked of a dataset that has ", dataset.rows()));
  Raster r{image[0], image[1], colour ? 3 : 1, {}};
  const Index first = row * image.size(), last = first + image.size();
  if (!dataset.bytes.empty()) {
    r.pixels.assign(dataset.bytes.begin() + first, dataset.bytes.begin() + last);
  } else {
    for (Index i = first; i < last; ++i) {
      const float value = dataset.numbers()[static_cast<std::size_t>(i)];
      r.pixels.push_back(
          static_cast<std::uint8_t>(value > 0 ? std::min(value, 1.0f) * 255 + 0.5f : 0.0f));
    }
  }
  return r;
}

Picture picture(const Dataset& dataset, Index row) {
  const Raster r = raster_of(dataset, row);
  return {r.height, r.width, grey_of(r)};
}

Raster raster_sheet(const Dataset& dataset, Index rows, Index cols, Index first) {
  const Raster one = raster_of(dataset, first);
  if (rows < 1 || cols < 1 || rows * (one.height + 1) > kLongestSide ||
      cols * (one.width + 1) > kLongestSide)
    throw Error(cat("a sheet of ", rows, " x ", cols, " pictures is empty or too large"));
  constexpr std::uint8_t kGap = 48;
  const Index height = rows * (one.height + 1) - 1, width = cols * (one.width + 1) - 1;
  Raster sheet{height, width, one.channels,
               Bytes(static_cast<std::size_t>(height * width * one.channels), kGap)};
  for (Index i = 0; i < rows * cols && first + i < dataset.rows(); ++i) {
    const Raster r = raster_of(dataset, first + i);
    const Index top = i / cols * (one.height + 1), left = i % cols * (one.width + 1);
    for (Index y = 0; y < r.height; ++y)
      std::copy_n(r.pixels.begin() + y * r.width * r.channels, r.width * r.channels,
                  sheet.pixels.begin() + ((top + y) * width + left) * r.channels);
  }
  return sheet;
}

Picture contact_sheet(const Dataset& dataset, Index rows, Index cols, Index first) {
  const Raster sheet = raster_sheet(dataset, rows, cols, first);
  return {sheet.height, sheet.width, grey_of(sheet)};
}

std::string ascii(const Picture& p) {
  require_picture(p);
  static constexpr std::string_view kInk = " .:-=+*#%@";
  std::string text;
  for (Index y = 0; y < p.height; y += 2) {
    for (Index x = 0; x < p.width; ++x) {
      const int grey = (p(y, x) + p(std::min(y + 1, p.height - 1), x)) / 2;
      text += kInk[static_cast<std::size_t>(grey) * kInk.size() / 256];
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

}  // namespace chainrule::data
