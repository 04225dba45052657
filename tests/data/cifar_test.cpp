#include "chainrule/data/cifar.h"

#include <gtest/gtest.h>

#include "chainrule/data/tar.h"
#include "tests/data/errors.h"
#include "tests/data/files.h"

namespace chainrule::testing {
namespace {

using data::Bytes;
using data::cifar10;

/// A header and its content, filled up to 512 bytes.
void add_entry(Bytes& archive, const std::string& name, const Bytes& content, char type = '0') {
  Bytes header(512);
  std::copy(name.begin(), name.end(), header.begin());
  std::array<char, 13> text{};
  std::snprintf(text.data(), text.size(), "%011o", static_cast<unsigned>(content.size()));
  std::copy_n(text.begin(), 12, header.begin() + 124);
  header[156] = static_cast<std::uint8_t>(type);
  std::fill_n(header.begin() + 148, 8, ' ');
  unsigned sum = 0;
  for (const std::uint8_t byte : header) sum += byte;
  std::snprintf(text.data(), text.size(), "%06o", sum);
  std::copy_n(text.begin(), 7, header.begin() + 148);
  archive.insert(archive.end(), header.begin(), header.end());
  archive.insert(archive.end(), content.begin(), content.end());
  archive.resize((archive.size() + 511) / 512 * 512);
}

/// `pictures` of class 0, 1, ...; red 1, green 2, blue 3.
Bytes batch(int pictures) {
  Bytes bytes;
  for (int i = 0; i < pictures; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(i));
    for (std::uint8_t colour = 1; colour <= 3; ++colour) bytes.insert(bytes.end(), 1024, colour);
  }
  return bytes;
}

Bytes archive(const Bytes& test_batch = batch(1)) {
  Bytes tar;
  add_entry(tar, "cifar-10-batches-bin/", {}, '5');
  add_entry(tar, "../../etc/passwd", {1, 2, 3});
  for (int i = 1; i <= 5; ++i)
    add_entry(tar, cat("cifar-10-batches-bin/data_batch_", i, ".bin"), batch(i));
  add_entry(tar, "cifar-10-batches-bin/test_batch.bin", test_batch);
  tar.resize(tar.size() + 1024);
  return tar;
}

TEST(Cifar, ReadsTheArchiveAndTheFilesBesideEachOther) {
  const Folder folder;
  folder.write("cifar-10-binary.tar.gz", gzip(archive()));
  const Splits s = cifar10(folder.path());
  EXPECT_EQ(s.train.rows(), 15);
  EXPECT_EQ(s.test.rows(), 1);
  EXPECT_EQ(s.features(), Shape({3072}));
  EXPECT_EQ(s.train.classes[2], 1);
  EXPECT_EQ(s.train.class_names[9], "truck");
  EXPECT_EQ(s.train.image, Shape({32, 32, 3}));
  EXPECT_EQ(s.train.bytes[3072 + 3], 1);  // the second pixel of the second picture
  EXPECT_EQ(s.train.bytes[3072 + 4], 2);
  EXPECT_EQ(s.train.bytes[3072 + 5], 3);
  s.train.validate();

  const Folder plain;
  for (int i = 1; i <= 5; ++i) plain.write(cat("data_batch_", i, ".bin"), batch(i));
  plain.write("test_batch.bin", batch(1));
  EXPECT_EQ(cifar10(plain.path()).train.bytes, s.train.bytes);
}

TEST(Cifar, RefusesWhatIsNotThat) {
  const Folder folder;
  const auto read = [&] { cifar10(folder.path()); };
  expect_error<DataError>(read, "neither cifar-10-binary.tar.gz nor test_batch.bin");
  Bytes wrong = batch(1);
  wrong[0] = 10;
  folder.write("cifar-10-binary.tar.gz", gzip(archive(wrong)));
  expect_error<DataError>(read, "class 10 of picture 1, expected 0 to 9");
  folder.write("cifar-10-binary.tar.gz", gzip(archive({1, 2})));
  expect_error<DataError>(read, "2 bytes, expected a multiple of 3073");
  Bytes little;
  add_entry(little, "x", {});
  little.resize(2048);
  folder.write("cifar-10-binary.tar.gz", gzip(little));
  expect_error<DataError>(read, "holds no cifar-10-batches-bin/data_batch_1.bin");
}

TEST(Tar, RefusesWhatIsBroken) {
  const auto read = [](const Bytes& tar) { return data::parse_tar(tar, "a.tar"); };
  expect_error<DataError>([&] { read({}); }, "a.tar: the tar archive is cut short");
  Bytes tar;
  add_entry(tar, "x", {1});
  expect_error<DataError>([&] { read(tar); }, "is cut short (byte 1024)");
  tar[0] = 'y';
  expect_error<DataError>([&] { read(tar); }, "wrong checksum (byte 0)");
  Bytes many;
  for (int i = 0; i <= 1000; ++i) add_entry(many, "x", {});
  many.resize(many.size() + 1024);
  expect_error<DataError>([&] { read(many); }, "more than 1000 entries");
}

TEST(Tar, SurvivesMutations) {
  Bytes tar;
  add_entry(tar, "a", {1, 2, 3});
  add_entry(tar, "b", Bytes(600));
  tar.resize(tar.size() + 1024);
  torture(tar, 500, [](const Bytes& bytes) { data::parse_tar(bytes, "a.tar"); });
}

}  // namespace
}  // namespace chainrule::testing
