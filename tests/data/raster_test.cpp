#include "chainrule/data/raster.h"

#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>

#include "chainrule/data/image.h"
#include "tests/data/errors.h"
#include "tests/data/files.h"

namespace chainrule::testing {
namespace {

using data::Bytes;
using data::Raster;

const std::filesystem::path kPictureFiles = CHAINRULE_TEST_DATA "/files";

Raster raster(const char* name, bool colour) {
  return data::parse_raster(data::read_file(kPictureFiles / name), name, colour);
}

/// The picture that all files hold: 8 x 12, red grows to the right, green downwards, blue falls.
std::vector<int> drawn(Index y, Index x) {
  const int right = 20 * static_cast<int>(x);
  return {right, 30 * static_cast<int>(y), 255 - right};
}

/// The greatest difference of a channel from what was drawn.
int difference(const Raster& r) {
  EXPECT_EQ(r.height, 8);
  EXPECT_EQ(r.width, 12);
  int most = 0;
  for (Index y = 0; y < r.height; ++y) {
    for (Index x = 0; x < r.width; ++x) {
      const auto rgb = drawn(y, x);
      const int grey = (299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000;
      for (Index c = 0; c < r.channels; ++c) {
        const auto at = static_cast<std::size_t>((y * r.width + x) * r.channels + c);
        const int want = r.channels == 1 ? grey : rgb[static_cast<std::size_t>(c)];
        most = std::max(most, std::abs(int{r.pixels[at]} - want));
      }
    }
  }
  return most;
}

TEST(Raster, ReadsBmp) {
  for (const char* name : {"24.bmp", "32.bmp"}) {
    EXPECT_EQ(difference(raster(name, true)), 0) << name;
    EXPECT_EQ(difference(raster(name, false)), 0) << name;
    EXPECT_EQ(raster(name, false).channels, 1);
  }
}

/// A bitmap of 2 x 2 pixels after the old header of 12 bytes and a palette of two colours.
TEST(Raster, ReadsBmpOfOneBit) {
  const Bytes file = {'B', 'M', 0,   0,   0,    0, 0, 0, 0,    0, 32, 0, 0, 0,
                      12,  0,   0,   0,   2,    0, 2, 0, 1,    0, 1,  0, 0, 0,
                      200, 255, 255, 255, 0x40, 0, 0, 0, 0x80, 0, 0,  0};
  EXPECT_EQ(data::parse_raster(file, "t", true).pixels,
            (Bytes{255, 255, 255, 200, 0, 0, 200, 0, 0, 255, 255, 255}));
}

bool reads_jpeg() {
  try {
    raster("grey.jpg", false);
    return true;
  } catch (const DataError& e) {
    return std::string_view(e.what()).find("reads no JPEG") == std::string_view::npos;
  }
}

TEST(Raster, ReadsJpeg) {
  if (!reads_jpeg()) GTEST_SKIP() << "built without libjpeg";
  EXPECT_LE(difference(raster("colour.jpg", true)), 12);
  EXPECT_LE(difference(raster("colour.jpg", false)), 6);
  EXPECT_LE(difference(raster("grey.jpg", true)), 6);
  EXPECT_EQ(raster("grey.jpg", true).channels, 1);
  EXPECT_LE(difference(raster("progressive.jpg", false)), 30);
  EXPECT_TRUE(data::has_colours(raster("colour.jpg", true)));
  EXPECT_FALSE(data::has_colours(raster("colour.jpg", false)));
  expect_error<DataError>([] { raster("cmyk.jpg", true); }, "of 4 colours (CMYK?)");
}

TEST(Raster, RefusesWithASentence) {
  const auto refused = [](Bytes file, const char* says) {
    expect_error<DataError>([&] { data::parse_raster(file, "t", true); }, says);
  };
  refused({}, "no picture of PNG, JPEG, BMP or PGM");
  const Bytes bmp = data::read_file(kPictureFiles / "24.bmp");
  const auto changed = [&](std::size_t at, const Bytes& to) {
    Bytes file = bmp;
    std::ranges::copy(to, file.begin() + static_cast<std::ptrdiff_t>(at));
    return file;
  };
  refused(Bytes(bmp.begin(), bmp.begin() + 40), "the BMP file is cut short");
  refused(Bytes(bmp.begin(), bmp.end() - 1), "the BMP file is too short for 12 x 8 pixels");
  refused(changed(14, {13}), "a header of 13 bytes");
  refused(changed(28, {7}), "7 bits for a pixel");
  refused(changed(30, {1}), "is packed");
  refused(changed(18, {0, 0, 0, 0x80}), "a picture of 0 x 8 pixels");
  refused(changed(18, {0, 0x20, 0, 0}), "too short for 8192 x 8");
  refused(changed(18, {0xff, 0xff, 0xff, 0x7f}), "expected 1 to 8192 on each side");
  refused(changed(22, {0, 0, 0, 0x80}), "expected 1 to 8192 on each side");
}

TEST(Raster, RefusesDamagedJpeg) {
  if (!reads_jpeg()) GTEST_SKIP() << "built without libjpeg";
  const auto refused = [](Bytes file, const char* says) {
    expect_error<DataError>([&] { data::parse_raster(file, "t", true); }, says);
  };
  const Bytes jpeg = data::read_file(kPictureFiles / "colour.jpg");
  refused(Bytes(jpeg.begin(), jpeg.end() - 100), "the JPEG file cannot be read: Premature end");
  refused(Bytes(jpeg.begin(), jpeg.begin() + 20), "the JPEG file cannot be read");
  Bytes large = jpeg;  // the frame's header: its marker, length, precision, height and width
  const auto frame = std::ranges::search(large, Bytes{0xff, 0xc0}).begin() - large.begin();
  for (const int i : {5, 7}) large[static_cast<std::size_t>(frame + i)] = 0x1f;
  refused(large, "too short for 7948");
}

TEST(Raster, BecomesARow) {
  const Raster r{1, 2, 3, {250, 0, 0, 0, 100, 0}};
  EXPECT_EQ(data::picture_row(r, {1, 2, 3}), r.pixels);
  EXPECT_EQ(data::picture_row(r, {1, 1, 3}), (Bytes{63, 25, 0})) << "a band above and below";
  EXPECT_EQ(data::picture_row({1, 2, 1, {7, 9}}, {1, 2, 3}), (Bytes{7, 7, 7, 9, 9, 9}));
  EXPECT_EQ(data::picture_row({1, 2, 3, {1, 1, 1, 9, 9, 9}}, {1, 2}), (Bytes{1, 9}));
}

}  // namespace
}  // namespace chainrule::testing
