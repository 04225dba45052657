#include "chainrule/data/image.h"

#ifdef CHAINRULE_HAVE_PNG
#include <png.h>
#endif

#include <algorithm>
#include <cmath>
#include <string_view>

#include "chainrule/core/error.h"
#include "chainrule/data/png.h"

namespace chainrule::data {
namespace {

void check_size(const std::string& name, std::uint64_t height, std::uint64_t width) {
  if (height < 1 || width < 1 || height > kLongestSide || width > kLongestSide)
    throw DataError(cat(name, ": a picture of ", width, " x ", height, " pixels, expected 1 to ",
                        kLongestSide, " on each side"));
}

/// The Portable Gray Map format, https://netpbm.sourceforge.net/doc/pgm.html.
class PgmReader {
 public:
  PgmReader(const std::string& name, const Bytes& bytes) : name_(name), bytes_(bytes) {}

  Picture read() {
    const bool binary = bytes_[1] == '5';
    const std::uint32_t width = number("the width"), height = number("the height");
    check_size(name_, height, width);
    const std::uint32_t most = number("the greatest value");
    if (most < 1 || most > 65535)
      throw DataError(
          cat(name_, ": the greatest value of the PGM file is ", most, ", expected 1 to 65535"));
    const std::size_t pixels = std::size_t{height} * width, bytes_each = most > 255 ? 2 : 1;
    if (binary) {
      ++at_;  // exactly one blank after the header
      const std::size_t held = bytes_.size() - std::min(at_, bytes_.size());
      if (held != pixels * bytes_each)
        throw DataError(cat(name_, ": ", width, " x ", height, " pixels need ", pixels * bytes_each,
                            " bytes, the PGM file holds ", held));
    } else if (pixels > (bytes_.size() - at_ + 1) / 2) {
      throw DataError(cat(name_, ": too short for ", width, " x ", height, " pixels"));
    }
    Picture p{height, width, Bytes(pixels)};
    for (std::uint8_t& pixel : p.pixels) {
      std::uint32_t value = 0;
      if (binary)
        for (std::size_t i = 0; i < bytes_each; ++i) value = value << 8 | bytes_[at_++];
      else
        value = number("a pixel");
      if (value > most)
        throw DataError(cat(name_, ": a pixel is ", value, ", the greatest value is ", most));
      pixel = static_cast<std::uint8_t>((value * 255 + most / 2) / most);
    }
    return p;
  }

 private:
  std::uint32_t number(const char* what) {
    while (at_ < bytes_.size() && (is_blank(bytes_[at_]) || bytes_[at_] == '#')) {
      if (bytes_[at_] == '#')
        while (at_ < bytes_.size() && bytes_[at_] != '\n') ++at_;
      else
        ++at_;
    }
    std::uint32_t value = 0;
    const std::size_t begin = at_;
    for (; at_ < bytes_.size() && bytes_[at_] >= '0' && bytes_[at_] <= '9'; ++at_)
      value = std::min<std::uint32_t>(value * 10 + (bytes_[at_] - '0'), 1 << 24);
    if (at_ == begin)
      throw DataError(cat(name_, ": ", what, " of the PGM file is not a number (byte ", at_, ")"));
    return value;
  }
  static bool is_blank(std::uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

  const std::string& name_;
  const Bytes& bytes_;
  std::size_t at_ = 2;
};

#ifdef CHAINRULE_HAVE_PNG
/// libpng's simplified interface, which must be told when it is not wanted any more.
struct Png : png_image {
  Png() : png_image{} { version = PNG_IMAGE_VERSION; }
  ~Png() { png_image_free(this); }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;
};

/// Bytes of the unpacked rows, by the header chunk, which is the first: how many bits a pixel has
/// follows from its bit depth and colour type. Each row has a byte more.
std::uint64_t unpacked_size(const Bytes& bytes, std::uint64_t height, std::uint64_t width) {
  constexpr std::size_t kDepth = 24, kColourType = 25;
  constexpr std::uint64_t kChannels[] = {1, 1, 3, 1, 2, 1, 4};
  const std::uint64_t bits =
      bytes[kDepth] * kChannels[std::min<std::size_t>(bytes[kColourType], 6)];
  return height * ((width * bits + 7) / 8 + 1);
}

Picture read_png(const std::string& name, const Bytes& bytes) {
  Png png;
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0)
    throw DataError(cat(name, ": the PNG file cannot be read: ", png.message));
  check_size(name, png.height, png.width);
  constexpr std::uint64_t kMostInflation = 1032;  // of a deflate stream
  if (unpacked_size(bytes, png.height, png.width) > kMostInflation * bytes.size())
    throw DataError(cat(name, ": too short for ", png.width, " x ", png.height, " pixels"));
  png.format = PNG_FORMAT_GRAY;
  Picture p{png.height, png.width, Bytes(std::size_t{png.height} * png.width)};
  const png_color paper{255, 255, 255};
  if (png_image_finish_read(&png, &paper, p.pixels.data(), 0, nullptr) == 0)
    throw DataError(cat(name, ": the PNG file cannot be read: ", png.message));
  return p;
}
#endif

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

}  // namespace

Picture parse_picture(const Bytes& file, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (text.starts_with("P2") || text.starts_with("P5")) return PgmReader(name, file).read();
  if (!text.starts_with("\x89PNG"))
    throw DataError(cat(name, ": neither a PNG nor a PGM picture (P2 or P5)"));
#ifdef CHAINRULE_HAVE_PNG
  return read_png(name, file);
#else
  throw DataError(cat(name, ": this build reads no PNG, convert the picture to PGM"));
#endif
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
  const bool inverted = is_dark_on_bright(picture);
  if (picture.height == image[0] && picture.width == image[1]) {
    Picture same = picture;
    if (inverted)
      for (std::uint8_t& pixel : same.pixels) pixel = static_cast<std::uint8_t>(255 - pixel);
    return same;
  }

  // One pixel of the result is a square with side `step` in the picture.
  const auto height = static_cast<double>(picture.height);
  const auto width = static_cast<double>(picture.width);
  const auto rows = static_cast<double>(image[0]), cols = static_cast<double>(image[1]);
  const double step = std::max(height / rows, width / cols);
  const double top = (height - rows * step) / 2, left = (width - cols * step) / 2;
  Picture to{image[0], image[1], Bytes(static_cast<std::size_t>(image.size()))};
  for (Index y = 0; y < to.height; ++y) {
    for (Index x = 0; x < to.width; ++x) {
      const double y0 = top + static_cast<double>(y) * step;
      const double x0 = left + static_cast<double>(x) * step;
      const double mean = area_sum(picture, inverted, y0, y0 + step, x0, x0 + step) / (step * step);
      to(y, x) = static_cast<std::uint8_t>(std::clamp(std::lround(mean), 0L, 255L));
    }
  }
  return to;
}

Picture picture(const Dataset& dataset, Index row) {
  if (dataset.image.rank() != 2 || dataset.image.size() != dataset.features.size())
    throw Error("dataset '" + dataset.name + "' does not hold pictures");
  if (row < 0 || row >= dataset.rows())
    throw Error(cat("picture ", row, " was asked of a dataset that has ", dataset.rows()));
  Picture p{dataset.image[0], dataset.image[1], {}};
  const Index first = row * dataset.image.size(), last = first + dataset.image.size();
  if (!dataset.bytes.empty()) {
    p.pixels.assign(dataset.bytes.begin() + first, dataset.bytes.begin() + last);
  } else {
    for (Index i = first; i < last; ++i) {
      const float value = dataset.numbers()[static_cast<std::size_t>(i)];
      p.pixels.push_back(
          static_cast<std::uint8_t>(value > 0 ? std::min(value, 1.0f) * 255 + 0.5f : 0.0f));
    }
  }
  return p;
}

Picture contact_sheet(const Dataset& dataset, Index rows, Index cols, Index first) {
  const Picture one = picture(dataset, first);
  if (rows < 1 || cols < 1 || rows * (one.height + 1) > kLongestSide ||
      cols * (one.width + 1) > kLongestSide)
    throw Error(cat("a sheet of ", rows, " x ", cols, " pictures is empty or too large"));
  constexpr std::uint8_t kGap = 48;
  Picture sheet{rows * (one.height + 1) - 1, cols * (one.width + 1) - 1, {}};
  sheet.pixels.assign(static_cast<std::size_t>(sheet.height * sheet.width), kGap);
  for (Index i = 0; i < rows * cols && first + i < dataset.rows(); ++i) {
    const Picture p = picture(dataset, first + i);
    const Index top = i / cols * (one.height + 1), left = i % cols * (one.width + 1);
    for (Index y = 0; y < p.height; ++y)
      for (Index x = 0; x < p.width; ++x) sheet(top + y, left + x) = p(y, x);
  }
  return sheet;
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
