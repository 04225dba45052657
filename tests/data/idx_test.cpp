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
    EXPECT_EQ(d.classes, (std::vector<std::int32_t>{1, 0}));
    EXPECT_EQ(d.class_names, (std::vector<std::string>{"0", "9"}));
  }
}

TEST(Idx, RefusesWithASentence) {
  const auto refused = [](const Bytes& images, const Bytes& labels, const char* says) {
    expect_error<DataError>([&] { read(images, labels); }, says);
  };
  refused({}, kLabels, "images: 0 bytes, too short for the header of an IDX file");
  refused(kPictures, Bytes{0, 0, 8}, "labels: 3 bytes, too short");
  refused(header({0x803, 2, 2}), kLabels, "too short for the header of an IDX file (16 bytes)");
  refused(kLabels, kLabels, "images: pictures were expected, the file holds labels");
  refused(kPictures, kPictures, "labels: labels were expected, the file holds pictures");
  refused(header({0xa03, 2, 2, 3}) + Bytes(48), kLabels, "its magic number is 0x00000a03");
  refused(header({0x800, 2, 2, 3}), kLabels, "its magic number is 0x00000800");
  refused(header({0x809, 2, 2, 3}), kLabels, "its magic number is 0x00000809");
  refused(header({0x803, 60000, 28, 28}) + Bytes(784), kLabels,
          "promises 60000 x 28 x 28 = 47,040,000 bytes, the file holds 784");
  refused(kPictures + Bytes{1}, kLabels, "promises 2 x 2 x 3 = 12 bytes, the file holds 13");
  refused(header({0x803, 0x7fffffff, 0x7fffffff, 0x7fffffff}), kLabels,
          "promises 2147483647 x 2147483647 x 2147483647 bytes, the file holds 0");
  refused(header({0x803, 0x80000000, 0x80000000, 4}), kLabels, "the file holds 0");
  refused(header({0x803, 0, 28, 28}), kLabels, "images: holds nothing (0 x 28 x 28)");
  refused(kPictures, header({0x801, 3}) + Bytes{1, 2, 3}, "images holds 2 pictures, but ");
  Bytes many = header({0xc01, 1002});
  for (std::uint32_t i = 0; i < 1002; ++i) many = many + header({i});
  refused(header({0x803, 1002, 1, 1}) + Bytes(1002), many, "1002 different labels");
}

TEST(Idx, ReadsEveryTypeOfElement) {
  const auto values = [](const Bytes& file) { return data::parse_idx(file, "f").as<double>(); };
  EXPECT_EQ(values(header({0x801, 2}) + Bytes{1, 255}), (std::vector<double>{1, 255}));
  EXPECT_EQ(values(header({0x901, 2}) + Bytes{1, 255}), (std::vector<double>{1, -1}));
  EXPECT_EQ(values(header({0xb01, 1}) + Bytes{255, 254}), (std::vector<double>{-2}));
  EXPECT_EQ(values(header({0xc01, 1, 70'000})), (std::vector<double>{70'000}));
  EXPECT_EQ(values(header({0xd01, 1, 0x3fc00000})), (std::vector<double>{1.5}));
  EXPECT_EQ(values(header({0xe01, 1, 0x3ff80000, 0})), (std::vector<double>{1.5}));
  const Dataset d = read(header({0xd03, 2, 1, 2, 0x3fc00000, 0, 0, 0x3f800000}), kLabels);
  EXPECT_EQ(d.image, Shape({1, 2}));
  EXPECT_EQ(d.floats, (std::vector<float>{1.5, 0, 0, 1}));
}

TEST(Idx, NamesClassesAfterTheirLabels) {
  const auto names = [](const Bytes& labels) {
    const auto count = static_cast<std::uint32_t>(labels.size() - 8);
    return read(header({0x803, count, 1, 1}) + Bytes(count), labels).class_names;
  };
  EXPECT_EQ(names(header({0x801, 3}) + Bytes{1, 3, 2}), (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(names(header({0x801, 3}) + Bytes{0, 3, 2}),
            (std::vector<std::string>{"0", "1", "2", "3"}));
  EXPECT_EQ(names(header({0x801, 2}) + Bytes{40, 200}), (std::vector<std::string>{"40", "200"}));
  EXPECT_EQ(names(header({0x901, 2}) + Bytes{255, 1}), (std::vector<std::string>{"-1", "0", "1"}));
  // QMNIST: the class is the first of several numbers.
  const Dataset d = read(kPictures, header({0xc02, 2, 3, 1, 7, 7, 0, 8, 8}));
  EXPECT_EQ(d.classes, (std::vector<std::int32_t>{1, 0}));
}

TEST(Idx, TurnsPicturesThatStandColumnByColumn) {
  const Folder folder;
  const auto images = folder.write("emnist-images", kPictures);
  const auto labels = folder.write("labels", kLabels);
  const Dataset d = data::idx(images, labels);
  EXPECT_EQ(d.image, Shape({3, 2}));
  EXPECT_EQ(d.bytes, (Bytes{0, 3, 1, 4, 2, 255, 9, 6, 8, 5, 7, 4}));
  EXPECT_EQ(d.reading, "IDX, transposed");
  EXPECT_EQ(data::idx(images, labels, data::Transposed::no).image, Shape({2, 3}));
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
      EXPECT_EQ(s.full_schema().picture(), Shape({2, 3}));
      EXPECT_EQ(s.features(), Shape({6}));
    }
  }
}

TEST(Mnist, SaysWhatIsMissing) {
  const Folder folder;
  expect_error<DataError>([&] { data::mnist(folder.path() / "no"); }, "no: no such folder");
  expect_error<DataError>([&] { data::mnist(folder.path()); }, "no IDX files are here");
  folder.write("train-images-idx3-ubyte", kPictures);
  expect_error<DataError>([&] { data::mnist(folder.path()); },
                          "train-images-idx3-ubyte: the labels that belong to it are missing");
  for (const char* part : {"train", "t10k"}) {
    folder.write(std::string(part) + "-labels-idx1-ubyte", kLabels);
    folder.write(std::string(part) + "-images-idx3-ubyte", kPictures);
  }
  folder.write("t10k-images-idx3-ubyte", header({0x803, 2, 3, 2}) + Bytes(12));
  expect_error<DataError>([&] { data::mnist(folder.path()); },
                          "training pictures are [2, 3], test pictures [3, 2]");
}

TEST(Mnist, TakesAnyNames) {
  const Folder folder;
  folder.write("emnist-letters-train-images-idx3-ubyte.gz", gzip(kPictures));
  folder.write("emnist-letters-train-labels-idx1-ubyte", header({0x801, 2}) + Bytes{2, 1});
  folder.write("emnist-letters-test-images-idx3-ubyte", kPictures);
  folder.write("emnist-letters-test-labels-idx1-ubyte", header({0x801, 2}) + Bytes{3, 1});
  folder.write("notes.txt", std::string("nothing"));
  Splits s = data::mnist(folder.path(), "letters");
  EXPECT_EQ(s.train.class_names, (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(s.test.classes, (std::vector<std::int32_t>{2, 0}));
  EXPECT_EQ(s.train.image, Shape({3, 2}));
  folder.write("emnist-letters-mapping.txt", std::string("1 65 97\n2 66 98\r\n3 67 99\n"));
  s = data::mnist(folder.path(), "letters");
  EXPECT_EQ(s.test.class_names, (std::vector<std::string>{"A", "B", "C"}));

  folder.write("other-images", kPictures);
  expect_error<DataError>([&] { data::mnist(folder.path()); },
                          "holds several sets, 'emnist-letters', 'other': choose one as ");
  EXPECT_EQ(data::mnist(folder.path() / "emnist-letters").train.rows(), 2);
  folder.write("other-labels", kLabels);
  s = data::mnist(folder.path() / "other");
  EXPECT_EQ(s.train.rows(), 2);
  EXPECT_EQ(s.test.rows(), 0);
}

TEST(Mnist, HasTheTenDigitsUnderItsOwnNames) {
  const Folder folder;
  folder.write("train-images-idx3-ubyte", kPictures);
  folder.write("train-labels-idx1-ubyte", kLabels);
  EXPECT_EQ(data::mnist(folder.path()).train.class_count(), 10);
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
