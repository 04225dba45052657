#include "chainrule/data/image.h"

#include <gtest/gtest.h>
#include <numeric>

#include "tests/data/errors.h"
#include "tests/data/files.h"

namespace chainrule::testing {
namespace {

using data::Bytes;
using data::Picture;

Picture ramp(Index height, Index width) {
  Picture p{height, width, Bytes(static_cast<std::size_t>(height * width))};
  for (std::size_t i = 0; i < p.pixels.size(); ++i) p.pixels[i] = static_cast<std::uint8_t>(i * 7);
  return p;
}

bool png_works() {
  const Folder folder;
  try {
    data::write_png(folder.path() / "x.png", ramp(1, 1));
    data::read_picture(folder.path() / "x.png");
    return true;
  } catch (const DataError&) {
    return false;
  }
}

Picture read(std::string_view text) {
  const Folder folder;
  return data::read_picture(folder.write("picture", text));
}

TEST(Image, WritesWhatItReads) {
  const Folder folder;
  for (const Picture& p : {ramp(1, 1), ramp(3, 5), ramp(28, 28), ramp(100, 1)}) {
    const auto same = [&](const std::filesystem::path& path) {
      const Picture back = data::read_picture(path);
      EXPECT_EQ(back.height, p.height);
      EXPECT_EQ(back.width, p.width);
      EXPECT_EQ(back.pixels, p.pixels);
    };
    data::write_pgm(folder.path() / "x.pgm", p);
    same(folder.path() / "x.pgm");
    if (!png_works()) continue;
    data::write_png(folder.path() / "x.png", p);
    same(folder.path() / "x.png");
  }
  if (!png_works()) GTEST_SKIP() << "built without libpng: only PGM was tried";
}

TEST(Image, ReadsEveryKindOfPgm) {
  const Picture p = read("P2 # a comment\n3 2\n# another\n5\n0 1 2\n3 4 5\n");
  EXPECT_EQ(p.width, 3);
  EXPECT_EQ(p.height, 2);
  EXPECT_EQ(p.pixels, (Bytes{0, 51, 102, 153, 204, 255}));
  EXPECT_EQ(read("P5 2 1 255\n\x41\x42").pixels, (Bytes{0x41, 0x42}));
  EXPECT_EQ(read(std::string_view("P5 2 1 65535\n\xff\xff\x80\x00", 17)).pixels, (Bytes{255, 128}));
}

TEST(Image, RefusesWithASentence) {
  const auto refused = [](std::string_view text, const char* says) {
    expect_error<DataError>([&] { read(text); }, says);
  };
  refused("", "no picture of PNG, JPEG, BMP or PGM");
  refused("GIF89a", "no picture of PNG, JPEG, BMP or PGM");
  refused("P5", "the width of the PGM file is not a number (byte 2)");
  refused("P5 0 4 255\n", "a picture of 0 x 4 pixels, expected 1 to 8192 on each side");
  refused("P5 99999999999 4 255\n", "pixels, expected 1 to 8192");
  refused("P5 2 2 255\nabc", "2 x 2 pixels need 4 bytes, the PGM file holds 3");
  refused("P5 2 2 255\nabcde", "the PGM file holds 5");
  refused("P5 2 2 255", "the PGM file holds 0");
  refused("P5 2 1 100\n\x10\x65", "a pixel is 101, the greatest value is 100");
  refused("P5 2 1 0\nab", "greatest value of the PGM file is 0");
  refused("P2 8000 8000 255\n1 2 3", "too short for 8000 x 8000 pixels");
  refused("P2 2 2 255\n1 2 3 x", "a pixel of the PGM file is not a number (byte 17)");
  if (!png_works()) GTEST_SKIP() << "built without libpng: only PGM was tried";
  refused("\x89PNG\r\n\x1a\n", "the PNG file cannot be read: ");
}

TEST(Image, SurvivesAnyDamage) {
  const Folder folder;
  const auto read_bytes = [&](const Bytes& b) { data::read_picture(folder.write("bad", b)); };
  data::write_pgm(folder.path() / "x", ramp(4, 5));
  EXPECT_EQ(torture(data::read_file(folder.path() / "x"), 1500, read_bytes), 0);
  const std::string_view text = "P2\n3 2\n#c\n255\n0 1 2 3 4 5";
  torture({text.begin(), text.end()}, 1500, read_bytes);
  if (!png_works()) GTEST_SKIP() << "built without libpng: only PGM was tried";
  data::write_png(folder.path() / "x", ramp(9, 11));
  torture(data::read_file(folder.path() / "x"), 2000, read_bytes);
}

TEST(AsInput, KeepsAPictureThatFits) {
  Picture p = ramp(4, 4);
  for (Index i = 0; i < 4; ++i) p(0, i) = p(3, i) = p(i, 0) = p(i, 3) = 0;
  EXPECT_EQ(data::as_input(p, {4, 4}).pixels, p.pixels);
}

TEST(AsInput, AveragesAreas) {
  Picture p{4, 4, {0, 0, 0, 0, 0, 100, 40, 0, 0, 20, 80, 0, 0, 0, 0, 0}};
  EXPECT_EQ(data::as_input(p, {2, 2}).pixels, (Bytes{25, 10, 5, 20}));
  // One pixel out of three by three.
  Picture q{3, 3, {0, 0, 0, 0, 90, 0, 0, 0, 0}};
  EXPECT_EQ(data::as_input(q, {1, 1}).pixels, Bytes{10});
  // 3 -> 2: each new pixel covers one and a half old ones.
  // 90 * (1/2 * 1/2) / (3/2 * 3/2) = 10
  EXPECT_EQ(data::as_input(q, {2, 2}).pixels, (Bytes{10, 10, 10, 10}));
}

TEST(AsInput, KeepsProportionsOnBlack) {
  Picture wide{1, 4, {80, 100, 120, 140}};
  EXPECT_EQ(data::as_input(wide, {4, 4}).pixels,
            (Bytes{0, 0, 0, 0, 40, 50, 60, 70, 40, 50, 60, 70, 0, 0, 0, 0}));
}

TEST(AsInput, TurnsDarkInkOnPaperRound) {
  Picture p{3, 3, {255, 255, 255, 255, 10, 255, 255, 255, 255}};
  EXPECT_EQ(data::as_input(p, {3, 3}).pixels, (Bytes{0, 0, 0, 0, 245, 0, 0, 0, 0}));
  Picture blank{3, 3, Bytes(9, 200)};
  EXPECT_EQ(data::as_input(blank, {3, 3}).pixels, Bytes(9, 200));
  expect_error<Error>([&] { data::as_input(p, {9}); }, "cannot become an input of [9]");
}

Dataset three() {
  Dataset d;
  d.name = "three";
  d.features = {2};
  d.image = {1, 2};
  d.bytes = {1, 2, 3, 4, 5, 6};
  return d;
}

TEST(Picture, OfADataset) {
  EXPECT_EQ(data::picture(three(), 1).pixels, (Bytes{3, 4}));
  Dataset floats = three();
  floats.bytes.clear();
  floats.floats = {0, 1, 0.5f, 0.2f, -3, 7};
  EXPECT_EQ(data::picture(floats, 0).pixels, (Bytes{0, 255}));
  EXPECT_EQ(data::picture(floats, 1).pixels, (Bytes{128, 51}));
  EXPECT_EQ(data::picture(floats, 2).pixels, (Bytes{0, 255}));
  expect_error<Error>([] { data::picture(three(), 3); }, "picture 3 was asked of a dataset");
  Dataset table = three();
  table.image = {};
  expect_error<Error>([&] { data::picture(table, 0); }, "'three' does not hold pictures");
}

TEST(Picture, ContactSheet) {
  const Picture sheet = data::contact_sheet(three(), 2, 2);
  EXPECT_EQ(sheet.height, 3);
  EXPECT_EQ(sheet.width, 5);
  EXPECT_EQ(sheet.pixels, (Bytes{1, 2, 48, 3, 4, 48, 48, 48, 48, 48, 5, 6, 48, 48, 48}));
  EXPECT_EQ(data::contact_sheet(three(), 1, 1, 2).pixels, (Bytes{5, 6}));
  expect_error<Error>([] { data::contact_sheet(three(), 0, 2); }, "empty or too large");
  expect_error<Error>([] { data::contact_sheet(three(), 1, 1 << 20); }, "empty or too large");
}

TEST(Picture, Ascii) {
  EXPECT_EQ(data::ascii({2, 3, {0, 0, 255, 0, 255, 255}}), " =@\n");
  EXPECT_EQ(data::ascii({3, 2, {0, 0, 0, 0, 255, 0}}), "\n@\n");
}

}  // namespace
}  // namespace chainrule::testing
