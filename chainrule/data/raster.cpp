#include "chainrule/data/raster.h"

#ifdef CHAINRULE_HAVE_PNG
#include <png.h>
#endif

#include <algorithm>
#include <string_view>

#include "chainrule/core/error.h"

namespace chainrule::data {
namespace {

/// The Portable Gray Map format, https://netpbm.sourceforge.net/doc/pgm.html.
class PgmReader {
 public:
  PgmReader(const std::string& name, const Bytes& bytes) : name_(name), bytes_(bytes) {}

  Raster read() {
    const bool binary = bytes_[1] == '5';
    const std::uint32_t width = number("the width"), height = number("the height");
    check_size(name_, height, width, false);
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
    Raster p{height, width, 1, Bytes(pixels)};
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

Raster read_png(const std::string& name, const Bytes& bytes, bool colour) {
  Png png;
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0)
    throw DataError(cat(name, ": the PNG file cannot be read: ", png.message));
  const bool rgb = colour && (png.format & PNG_FORMAT_FLAG_COLOR) != 0;
  check_size(name, png.height, png.width, rgb);
  constexpr std::uint64_t kMostInflation = 1032;  // of a deflate stream
  if (unpacked_size(bytes, png.height, png.width) > kMostInflation * bytes.size())
    throw DataError(cat(name, ": too short for ", png.width, " x ", png.height, " pixels"));
  png.format = rgb ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  Raster p{png.height, png.width, rgb ? 3 : 1, {}};
  p.pixels.resize(static_cast<std::size_t>(p.height * p.width * p.channels));
  const png_color paper{255, 255, 255};
  if (png_image_finish_read(&png, &paper, p.pixels.data(), 0, nullptr) == 0)
    throw DataError(cat(name, ": the PNG file cannot be read: ", png.message));
  return p;
}
#endif

}  // namespace

void check_size(const std::string& name, std::uint64_t height, std::uint64_t width, bool colour) {
  if (height < 1 || width < 1 || height > kLongestSide || width > kLongestSide)
    throw DataError(cat(name, ": a picture of ", width, " x ", height, " pixels, expected 1 to ",
                        kLongestSide, " on each side"));
  if (colour && height * width > static_cast<std::uint64_t>(kMostInColour))
    throw DataError(cat(name, ": a picture of ", width, " x ", height,
                        " pixels in colour, expected at most ", grouped(kMostInColour)));
}

Raster parse_raster(const Bytes& file, const std::string& name, bool colour) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (text.starts_with("P2") || text.starts_with("P5")) return PgmReader(name, file).read();
  if (text.starts_with("\xff\xd8")) return read_jpeg(file, name, colour);
  if (text.starts_with("BM")) return read_bmp(file, name, colour);
  if (!text.starts_with("\x89PNG"))
    throw DataError(cat(name, ": no picture of PNG, JPEG, BMP or PGM (P2 or P5)"));
#ifdef CHAINRULE_HAVE_PNG
  return read_png(name, file, colour);
#else
  throw DataError(cat(name, ": this build reads no PNG, convert the picture to BMP or PGM"));
#endif
}

bool has_colours(const Raster& raster) {
  if (raster.channels != 3) return false;
  constexpr int kSame = 8;  // what rounding and JPEG make of grey
  for (std::size_t i = 0; i < raster.pixels.size(); i += 3) {
    const auto [least, greatest] =
        std::minmax({raster.pixels[i], raster.pixels[i + 1], raster.pixels[i + 2]});
    if (greatest - least > kSame) return true;
  }
  return false;
}

}  // namespace chainrule::data
