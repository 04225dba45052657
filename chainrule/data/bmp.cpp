// Windows bitmaps: https://learn.microsoft.com/windows/win32/gdi/bitmap-storage
#include <algorithm>
#include <array>
#include <bit>

#include "chainrule/core/error.h"
#include "chainrule/data/raster.h"

namespace chainrule::data {
namespace {

class BmpReader {
 public:
  BmpReader(const Bytes& file, const std::string& name) : file_(file), name_(name) {}

  Raster read(bool colour) {
    colour_ = colour;
    constexpr std::size_t kFileHeader = 14, kOldHeader = 12, kHeader = 40;
    need(kFileHeader + 4);
    const std::size_t header = u32(kFileHeader);
    if (header != kOldHeader && header < kHeader)
      refuse(cat("has a header of ", header, " bytes, expected 12 or at least 40"));
    if (header > 1024) refuse(cat("has a header of ", header, " bytes"));
    need(kFileHeader + header);
    read_form(kFileHeader, header == kOldHeader);
    if (bits_ <= 8)
      read_palette(kFileHeader + header, header == kOldHeader ? 3 : 4);
    else
      read_masks(kFileHeader + kHeader, header);
    return pixels();
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw DataError(cat(name_, ": the BMP file ", why));
  }
  void need(std::size_t bytes) const {
    if (bytes > file_.size()) refuse("is cut short");
  }
  std::uint32_t u16(std::size_t at) const { return file_[at] | std::uint32_t{file_[at + 1]} << 8; }
  std::uint32_t u32(std::size_t at) const { return u16(at) | u16(at + 2) << 16; }

  void read_form(std::size_t at, bool old) {
    const auto wide = static_cast<std::int32_t>(old ? u16(at + 4) : u32(at + 4));
    const auto high = static_cast<std::int32_t>(old ? u16(at + 6) : u32(at + 8));
    bits_ = u16(at + (old ? 10 : 14));
    packing_ = old ? 0 : u32(at + 16);
    colours_ = old ? 0 : u32(at + 32);
    from_top_ = high < 0;
    height_ = from_top_ ? -std::int64_t{high} : std::int64_t{high};
    width_ = wide;
    check_size(name_, height_ < 0 ? 0 : static_cast<std::uint64_t>(height_),
               width_ < 0 ? 0 : static_cast<std::uint64_t>(width_), colour_);
    if (std::array<std::uint32_t, 6> known{1, 4, 8, 16, 24, 32};
        std::ranges::find(known, bits_) == known.end())
      refuse(cat("has ", bits_, " bits for a pixel, expected 1, 4, 8, 16, 24 or 32"));
    const bool masks = (packing_ == 3 || packing_ == 6) && (bits_ == 16 || bits_ == 32);
    if (packing_ != 0 && !masks) refuse("is packed, expected one that is not");
    stride_ = (static_cast<std::size_t>(width_) * bits_ + 31) / 32 * 4;
    start_ = u32(10);
    if (start_ > file_.size() ||
        stride_ * static_cast<std::size_t>(height_) > file_.size() - start_)
      refuse(cat("is too short for ", width_, " x ", height_, " pixels"));
  }

  void read_palette(std::size_t at, std::size_t entry) {
    const std::size_t most = std::size_t{1} << bits_;
    const std::size_t count = colours_ == 0 ? most : std::min<std::size_t>(colours_, most);
    need(at + count * entry);
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t c = 0; c < 3; ++c) palette_[i][c] = file_[at + i * entry + 2 - c];
  }

  void read_masks(std::size_t at, std::size_t header) {
    masks_ = bits_ == 16 ? std::array<std::uint32_t, 3>{0x7c00, 0x03e0, 0x001f}
                         : std::array<std::uint32_t, 3>{0xff0000, 0xff00, 0xff};
    if (packing_ == 0) return;
    need(at + (header == 40 ? 12 : 0));
    if (header != 40 && header < 52) refuse("lacks the masks of its colours");
    for (std::size_t c = 0; c < 3; ++c) masks_[c] = u32(at + 4 * c);
  }

  /// The bits of a mask as 0 to 255.
  static std::uint8_t channel(std::uint32_t pixel, std::uint32_t mask) {
    if (mask == 0) return 0;
    const int shift = std::countr_zero(mask);
    const std::uint64_t most = mask >> shift;
    return static_cast<std::uint8_t>(((pixel & mask) >> shift) * std::uint64_t{255} / most);
  }

  std::array<std::uint8_t, 3> pixel(std::size_t row, std::size_t x) const {
    if (bits_ <= 8) {
      const std::size_t per_byte = 8 / bits_;
      const unsigned shift = 8 - bits_ - static_cast<unsigned>(x % per_byte) * bits_;
      const unsigned index = file_[row + x / per_byte] >> shift & ((1U << bits_) - 1);
      return palette_[index];
    }
    const std::size_t at = row + x * bits_ / 8;
    if (bits_ == 24) return {file_[at + 2], file_[at + 1], file_[at]};
    const std::uint32_t value = bits_ == 16 ? u16(at) : u32(at);
    return {channel(value, masks_[0]), channel(value, masks_[1]), channel(value, masks_[2])};
  }

  Raster pixels() const {
    Raster r{height_, width_, colour_ ? 3 : 1, {}};
    r.pixels.reserve(static_cast<std::size_t>(height_ * width_ * r.channels));
    for (Index y = 0; y < height_; ++y) {
      const Index line = from_top_ ? y : height_ - 1 - y;
      const std::size_t row = start_ + stride_ * static_cast<std::size_t>(line);
      for (Index x = 0; x < width_; ++x) {
        const auto rgb = pixel(row, static_cast<std::size_t>(x));
        if (colour_)
          r.pixels.insert(r.pixels.end(), rgb.begin(), rgb.end());
        else  // rounded, in thousandths
          r.pixels.push_back(
              static_cast<std::uint8_t>((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000));
      }
    }
    return r;
  }

  const Bytes& file_;
  const std::string& name_;
  std::uint32_t bits_ = 0, packing_ = 0, colours_ = 0;
  Index height_ = 0, width_ = 0;
  bool from_top_ = false, colour_ = false;
  std::size_t stride_ = 0, start_ = 0;
  std::array<std::array<std::uint8_t, 3>, 256> palette_{};
  std::array<std::uint32_t, 3> masks_{};
};

}  // namespace

Raster read_bmp(const Bytes& file, const std::string& name, bool colour) {
  return BmpReader(file, name).read(colour);
}

}  // namespace chainrule::data
