#include "chainrule/data/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>

#include "tests/data/errors.h"
#include "tests/data/files.h"

namespace chainrule::testing {
namespace {

using data::Bytes;

Bytes sample(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * i / 7);
  return bytes;
}

TEST(File, ReadsWhatWasWritten) {
  const Folder folder;
  for (const std::size_t size : {0u, 1u, 65535u, 65536u, 300000u}) {
    const auto path = folder.write("x", sample(size));
    EXPECT_EQ(data::read_file(path), sample(size));
    EXPECT_EQ(data::read_file(path, size), sample(size));
    if (size > 0)
      expect_error<DataError>([&] { data::read_file(path, size - 1); },
                              "bytes, which is the limit");
  }
}

TEST(File, WritesCompletelyOrNotAtAll) {
  const Folder folder;
  const auto path = folder.write("x", sample(10));
  data::write_file(path, sample(20));
  EXPECT_EQ(data::read_file(path), sample(20));
  expect_error<DataError>([&] { data::write_file(folder.path(), sample(30)); }, "Is a directory");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(File, ReadsAPipe) {
  const Folder folder;
  const auto path = folder.path() / "pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const auto feed = [&] { data::write_file(path, sample(200000)); };
  {
    std::jthread writer(feed);
    EXPECT_EQ(data::read_file(path), sample(200000));
  }
}

TEST(File, EndsWhatNeverEnds) {
  if (!std::filesystem::exists("/dev/zero")) GTEST_SKIP() << "there is no /dev/zero";
  expect_error<DataError>([] { data::read_file("/dev/zero"); }, "a device, which may never end");
  const Folder folder;
  const auto zeros = folder.write("zeros", Bytes(70'000));
  expect_error<DataError>([&] { data::read_file(zeros); }, "begins with 65,536 zero bytes");
  std::filesystem::resize_file(zeros, std::uint64_t{1} << 40);  // takes no room on the disk
  expect_error<DataError>([&] { data::read_file(zeros); }, "more than 2,147,483,648 bytes");
}

TEST(File, SaysWhatCannotBeReadOrWritten) {
  const Folder folder;
  expect_error<DataError>([&] { data::read_file(folder.path() / "none"); },
                          "none: cannot be read: No such file");
  expect_error<DataError>([&] { data::read_file(folder.path()); }, "Is a directory");
  expect_error<DataError>([&] { data::write_file(folder.path() / "a" / "b", sample(1)); },
                          "b': No such file");
  if (std::filesystem::exists("/dev/full"))
    expect_error<DataError>([] { data::write_file("/dev/full", sample(100000)); },
                            "cannot write '/dev/full': No space left");
}

TEST(Gzip, InflatesOneOrMoreMembers) {
  for (const std::size_t size : {0u, 1u, 65536u, 65537u, 1000000u})
    EXPECT_EQ(data::gunzip(gzip(sample(size)), "x"), sample(size));
  Bytes two = gzip({1, 2});
  const Bytes second = gzip({3});
  two.insert(two.end(), second.begin(), second.end());
  EXPECT_EQ(data::gunzip(two, "x"), (Bytes{1, 2, 3}));

  const Folder folder;
  EXPECT_EQ(data::read_plain_or_gzip(folder.write("a", gzip({7, 8}))), (Bytes{7, 8}));
  EXPECT_EQ(data::read_plain_or_gzip(folder.write("b", Bytes{7, 8})), (Bytes{7, 8}));
}

TEST(Gzip, StopsAtTheLimit) {
  const Bytes zeros = gzip(Bytes(1 << 20));
  EXPECT_LT(zeros.size(), 2000u);
  EXPECT_EQ(data::gunzip(zeros, "x", 1 << 20).size(), 1u << 20);
  for (const std::uint64_t limit : {0u, 1u, 65535u, 65536u, (1u << 20) - 1})
    expect_error<DataError>([&] { data::gunzip(zeros, "x", limit); },
                            "x: the gzip stream holds more than ");
}

/// A small file may not fill the memory, whatever the limit.
TEST(Gzip, RefusesWhatIsPackedTooTightly) {
  const Bytes zeros = gzip(Bytes((16 << 20) + (2 << 20)));
  expect_error<DataError>([&] { data::gunzip(zeros, "x"); },
                          "x: the gzip stream holds more than 200 times its own length");
  EXPECT_EQ(data::gunzip(gzip(Bytes(16 << 20)), "x").size(), std::size_t{16} << 20);
  // What is packed less tightly may be longer.
  Bytes mixed((16 << 20) + (2 << 20));
  Random random(1);
  for (std::size_t i = 0; i < mixed.size(); i += 100)
    mixed[i] = static_cast<std::uint8_t>(random.bits());
  EXPECT_EQ(data::gunzip(gzip(mixed), "x"), mixed);
}

TEST(Gzip, NamesTheDamage) {
  const Bytes good = gzip(sample(5000));
  Bytes bad = good;
  bad.push_back(1);
  expect_error<DataError>([&] { data::gunzip(bad, "f.gz"); },
                          "f.gz: 1 bytes follow the end of the gzip stream");
  bad = good;
  bad[bad.size() - 6] ^= 1;  // CRC of the content
  expect_error<DataError>([&] { data::gunzip(bad, "f.gz"); }, "corrupt (incorrect data check)");
  bad = good;
  bad.back() ^= 1;  // length of the content
  expect_error<DataError>([&] { data::gunzip(bad, "f.gz"); }, "corrupt (incorrect length check)");
  bad = good;
  bad.resize(bad.size() / 2);
  expect_error<DataError>([&] { data::gunzip(bad, "f.gz"); }, "f.gz: the gzip stream is cut short");
}

TEST(Gzip, SurvivesAnyDamage) {
  EXPECT_EQ(torture(gzip(sample(700)), 3000, [](const Bytes& b) { data::gunzip(b, "x", 1 << 20); }),
            0);
}

}  // namespace
}  // namespace chainrule::testing
