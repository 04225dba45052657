#include "chainrule/data/idx.h"

#include <cstdlib>
#include <gtest/gtest.h>

#include "tests/data/errors.h"
#include "tests/data/files.h"

namespace chainrule::testing {
namespace {

using data::Bytes;

Bytes header(std::initializer_list<std::uint32_t> words) {
  Bytes bytes;
  for (const std::uint32_t w : words)
    for (int shift = 24; shift >= 0; shift -= 8)
      bytes.push_back(static_cast<std::uint8_t>(w >> shift));
  return bytes;
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Bytes kPictures = header({0x803, 2, 2, 3}) + Bytes{0, 1, 2, 3, 4, 255, 9, 8, 7, 6, 5, 4};
const Bytes kLabels = header({0x801, 2}) + Bytes{9, 0};

Dataset read(const Bytes& images, const Bytes& labels) {
  const Folder folder;
  return data::idx(folder.write("images", images), folder.write("labels", labels));
}

TEST(Idx, ReadsPicturesAndLabels) {
  for (const bool zip : {false, true}) {
    const Dataset d = zip ? read(gzip(kPictures), gzip(kLabels)) : read(kPictures, kLabels);
    d.validate();
    EXPECT_EQ(d.rows(), 2);
    EXPECT_EQ(d.features, Shape({6}));
    EXPECT_EQ(d.image, Shape({2, 3}));
    EXPECT_EQ(d.bytes, (Bytes{0, 1, 2, 3, 4, 255, 9, 8, 7, 6, 5, 4}));
    EXPECT_EQ(d.classes, (std::vector<std::int32_t>{9, 0}));
    EXPECT_EQ(d.class_count(), 10);
    EXPECT_EQ(d.class_names.back(), "9");
  }
}

TEST(Idx, RefusesWithASentence) {
  const auto refused = [](const Bytes& images, const Bytes& labels, const char* says) {
    expect_error<DataError>([&] { read(images, labels); }, says);
  };
  refused({}, kLabels, "images: 0 bytes, too short for the header of an IDX file (16 bytes)");
  refused(kPictures, Bytes{0, 0, 8}, "labels: 3 bytes, too short");
  refused(kLabels + Bytes(20), kLabels,
          "magic number says labels (0x00000801, expected 0x00000803)");
  refused(kPictures, kPictures, "magic number says pictures (0x00000803, expected 0x00000801)");
  refused(header({0xd03, 2, 2, 3}) + Bytes(48), kLabels, "something else (0x00000d03");
  refused(header({0x803, 60000, 28, 28}) + Bytes(784), kLabels,
          "promises 60000 x 28 x 28 = 47,040,000 bytes, the file holds 784");
  refused(kPictures + Bytes{1}, kLabels, "promises 2 x 2 x 3 = 12 bytes, the file holds 13");
  refused(header({0x803, 0x7fffffff, 0x7fffffff, 0x7fffffff}), kLabels,
          "promises 2147483647 x 2147483647 x 2147483647 bytes, the file holds 0");
  refused(header({0x803, 0x80000000, 0x80000000, 4}), kLabels, "the file holds 0");
  refused(header({0x803, 0, 28, 28}), kLabels, "images: no pictures (0 x 28 x 28)");
  refused(kPictures, header({0x801, 3}) + Bytes{1, 2, 3}, "images holds 2 pictures, but ");
  refused(kPictures, header({0x801, 2}) + Bytes{1, 10},
          "labels: label 10 of picture 2, expected 0 to 9");
}

TEST(Idx, SurvivesAnyDamage) {
  const Folder folder;
  const auto labels = folder.write("labels", kLabels);
  const auto images = folder.write("good", kPictures);
  const auto as_images = [&](const Bytes& b) { data::idx(folder.write("bad", b), labels); };
  const auto as_labels = [&](const Bytes& b) { data::idx(images, folder.write("bad", b)); };
  EXPECT_EQ(torture(kPictures, 1500, as_images), 0);
  EXPECT_EQ(torture(gzip(kPictures), 1500, as_images), 0);
  EXPECT_EQ(torture(kLabels, 1500, as_labels), 0);
}

TEST(Mnist, FindsTheUsualNames) {
  for (const char* joint : {"-", "."}) {
    for (const bool zip : {false, true}) {
      const Folder folder;
      for (const char* part : {"train", "t10k"}) {
        const auto name = [&](const char* what, const char* format) {
          return std::string(part) + what + joint + format + (zip ? ".gz" : "");
        };
        folder.write(name("-images", "idx3-ubyte"), zip ? gzip(kPictures) : kPictures);
        folder.write(name("-labels", "idx1-ubyte"), zip ? gzip(kLabels) : kLabels);
      }
      const Splits s = data::mnist(folder.path(), "kmnist");
      EXPECT_EQ(s.train.rows(), 2);
      EXPECT_EQ(s.test.rows(), 2);
      EXPECT_EQ(s.validation.rows(), 0);
      EXPECT_EQ(s.test.name, "kmnist");
      EXPECT_EQ(s.preprocess.image, Shape({2, 3}));
      EXPECT_EQ(s.features(), Shape({6}));
    }
  }
}

TEST(Mnist, SaysWhatIsMissing) {
  const Folder folder;
  expect_error<DataError>([&] { data::mnist(folder.path() / "no"); }, "no: no such folder");
  expect_error<DataError>(
      [&] { data::mnist(folder.path()); },
      "looked for train-images-idx3-ubyte, train-images.idx3-ubyte, train-images-idx3-ubyte.gz, "
      "train-images.idx3-ubyte.gz");
  for (const char* part : {"train", "t10k"}) {
    folder.write(std::string(part) + "-labels-idx1-ubyte", kLabels);
    folder.write(std::string(part) + "-images-idx3-ubyte", kPictures);
  }
  folder.write("t10k-images-idx3-ubyte", header({0x803, 2, 3, 2}) + Bytes(12));
  expect_error<DataError>([&] { data::mnist(folder.path()); },
                          "training pictures are [2, 3], test pictures [3, 2]");
}

TEST(Mnist, TheRealOne) {
  const char* folder = std::getenv("CHAINRULE_MNIST");
  if (folder == nullptr)
    GTEST_SKIP() << "CHAINRULE_MNIST does not name a folder with MNIST's files";
  const Splits s = data::mnist(folder);
  s.train.validate();
  s.test.validate();
  EXPECT_EQ(s.train.rows(), 60000);
  EXPECT_EQ(s.test.rows(), 10000);
  EXPECT_EQ(s.train.image, Shape({28, 28}));
  // The first training picture is a 5, the first test picture a 7; mean grey as published, 0.1307.
  EXPECT_EQ(s.train.classes[0], 5);
  EXPECT_EQ(s.test.classes[0], 7);
  double sum = 0;
  for (const std::uint8_t b : s.train.bytes) sum += b;
  EXPECT_NEAR(sum / 255 / static_cast<double>(s.train.bytes.size()), 0.1307, 0.00005);
}

}  // namespace
}  // namespace chainrule::testing
