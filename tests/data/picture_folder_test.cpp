#include "chainrule/data/picture_folder.h"

#include <gtest/gtest.h>

#include "chainrule/data/image.h"
#include "tests/data/errors.h"
#include "tests/data/files.h"

namespace chainrule::testing {
namespace {

using data::Bytes;

/// A grey picture whose outermost pixels are black, so that nothing is inverted.
std::string pgm(int size, int ink) {
  std::string text = "P5\n" + std::to_string(size) + " " + std::to_string(size) + "\n255\n";
  for (int i = 0; i < size * size; ++i) {
    const int y = i / size, x = i % size;
    const bool border = y == 0 || x == 0 || y == size - 1 || x == size - 1;
    text += static_cast<char>(border ? 0 : ink);
  }
  return text;
}

class Pictures {
 public:
  void add(const std::string& name, const Bytes& content) const {
    std::filesystem::create_directories((folder.path() / name).parent_path());
    folder.write(name, content);
  }
  void add(const std::string& name, const std::string& content) const {
    add(name, Bytes(content.begin(), content.end()));
  }
  Splits read(const data::PictureFolderOptions& options = {}) const {
    return data::picture_folder(folder.path(), options);
  }
  Folder folder;
};

TEST(PictureFolder, HasAClassPerFolder) {
  const Pictures p;
  p.add("10/a.pgm", pgm(4, 100));
  p.add("9/b.pgm", pgm(4, 90));
  p.add("9/a.pgm", pgm(4, 80));
  p.add("9/notes.txt", std::string("text"));
  p.add("9/.hidden", std::string("text"));
  p.add("docs/readme.txt", std::string("text"));
  EXPECT_TRUE(data::is_picture_folder(p.folder.path()));
  const Splits s = p.read();
  EXPECT_EQ(s.train.class_names, (std::vector<std::string>{"9", "10"}));
  EXPECT_EQ(s.train.classes, (std::vector<std::int32_t>{1, 0, 0}));
  EXPECT_EQ(s.train.image, Shape({4, 4}));
  EXPECT_EQ(s.train.bytes[5], 100);
  EXPECT_EQ(s.train.bytes[16 + 5], 80);
  EXPECT_EQ(s.test.rows(), 0);
  EXPECT_EQ(s.train.reading, "pictures, 1 other files left out");
}

TEST(PictureFolder, HasParts) {
  const Pictures p;
  for (const char* part : {"train", "Test", "valid"})
    for (const char* name : {"cat", "dog"})
      p.add(std::string(part) + "/" + name + "/1.pgm", pgm(3, 50));
  p.add("train/cat/2.pgm", pgm(3, 50));
  const Splits s = p.read();
  EXPECT_EQ(s.train.rows(), 3);
  EXPECT_EQ(s.validation.rows(), 2);
  EXPECT_EQ(s.test.rows(), 2);
  p.add("Test/cow/1.pgm", pgm(3, 50));
  expect_error<DataError>([&] { p.read(); }, "the training part has no class of that name");
}

TEST(PictureFolder, IsScaledAndInColourWhereThereIsSome) {
  const Pictures p;
  p.add("a/1.pgm", pgm(4, 100));
  p.add("b/1.pgm", pgm(8, 200));
  expect_error<DataError>([&] { p.read(); }, "1.pgm 4×4: --image-size 28x28 makes all equal");
  Splits s = p.read({.size = {4, 4}});
  EXPECT_EQ(s.train.image, Shape({4, 4}));
  EXPECT_EQ(s.train.reading, "pictures, 1 resized");
  p.add("b/2.bmp", data::read_file(CHAINRULE_TEST_DATA "/files/24.bmp"));
  s = p.read({.size = {8, 12}});
  EXPECT_EQ(s.train.image, Shape({8, 12, 3}));
  EXPECT_EQ(s.features(), Shape({8 * 12 * 3}));
  EXPECT_EQ(s.train.bytes[2 * 288 + 2], 255) << "blue of the first pixel";
  EXPECT_EQ(p.read({.size = {8, 12}, .colours = data::Colours::grey}).features(), Shape({96}));
}

TEST(PictureFolder, RefusesWithASentence) {
  const Pictures p;
  EXPECT_FALSE(data::is_picture_folder(p.folder.path()));
  EXPECT_FALSE(data::is_picture_folder(p.folder.path() / "none"));
  p.add("a/1.pgm", pgm(4, 100));
  expect_error<DataError>([&] { p.read(); }, "1 folders with pictures, expected one for each");
  p.add("b/1.png", std::string("\x89PNG broken"));
  expect_error<DataError>([&] { p.read(); }, "1.png: ");
}

}  // namespace
}  // namespace chainrule::testing
