#include "chainrule/data/png.h"

#include <gtest/gtest.h>

#include "chainrule/data/image.h"
#include "tests/data/errors.h"
#include "tests/data/files.h"

namespace chainrule::testing {
namespace {

using data::Bytes;

TEST(Png, ColoursAsLibpngReadsThem) {
  const Bytes file = data::encode_png(1, 4, Bytes{255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9});
  const std::string text(file.begin(), file.end());
  EXPECT_EQ(text.substr(0, 8), "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(text.substr(12, 4), "IHDR");
  EXPECT_EQ(file[19], 4) << "width";
  EXPECT_EQ(file[23], 1) << "height";
  EXPECT_EQ(file[25], 2) << "red, green, blue";
  EXPECT_EQ(text.substr(file.size() - 8, 4), "IEND");
  const Folder folder;
  data::Picture p;
  try {
    p = data::read_picture(folder.write("x.png", text));
  } catch (const DataError& e) {
    GTEST_SKIP() << "built without libpng: " << e.what();
  }
  EXPECT_EQ(p.width, 4);
  // As bright as the eye sees them: green, red, blue.
  EXPECT_GT(p.pixels[1], p.pixels[0]);
  EXPECT_GT(p.pixels[0], p.pixels[2]);
  EXPECT_EQ(p.pixels[3], 9);
}

TEST(Png, AsManyPixelsAsTheSizeSays) {
  expect_error<Error>([] { data::encode_png(2, 2, Bytes(5)); }, "2 x 2");
  expect_error<Error>([] { data::encode_png(0, 2, Bytes()); }, "2 x 0");
  expect_error<Error>([] { data::encode_png(1 << 20, 1 << 20, Bytes(1)); }, "cannot have 1 bytes");
}

}  // namespace
}  // namespace chainrule::testing
