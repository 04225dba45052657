#include "chainrule/data/npz.h"

#include <gtest/gtest.h>

#include "tests/data/errors.h"
#include "tests/data/files.h"

namespace chainrule::testing {
namespace {

using data::Bytes;
using data::NpzArray;
using data::NpzEntry;

// Written by numpy 1.24, savez and savez_compressed: "fc1.weight" float32 [[0, .25, .5], [.75, 1,
// 1.25]], "fc1.bias" float64 [1.5, -2], and "fortran", the weight once more in Fortran order.
const std::filesystem::path kFiles = CHAINRULE_TEST_DATA "/files";

/// Two arrays as this library writes them.
Bytes small() {
  const std::vector<float> a = {1, 2, 3, 4}, b = {5};
  const std::vector<Index> matrix = {2, 2}, scalar = {};
  const std::vector<NpzEntry> entries = {{"a", data::format_npy<float>(a, matrix)},
                                         {"b", data::format_npy<float>(b, scalar)}};
  return data::format_npz(entries);
}

/// Changes bytes of a good archive; `from` counts from the end when negative.
Bytes changed(Bytes file, std::ptrdiff_t from, const Bytes& to) {
  std::copy(to.begin(), to.end(), (from < 0 ? file.end() : file.begin()) + from);
  return file;
}

void expect_refused(const Bytes& file, std::string_view says) {
  expect_error<DataError>([&] { data::parse_npz(file, "mine.npz"); }, says);
}

TEST(Npz, ReadsWhatNumpyWrote) {
  for (const char* name : {"stored.npz", "deflated.npz"}) {
    const std::vector<NpzArray> arrays = data::read_npz(kFiles / name);
    ASSERT_EQ(arrays.size(), 3U) << name;
    EXPECT_EQ(arrays[0].name, "fc1.weight");
    EXPECT_EQ(arrays[0].array.shape, (std::vector<Index>{2, 3}));
    const std::vector<double> weight = {0, 0.25, 0.5, 0.75, 1, 1.25};
    EXPECT_EQ(arrays[0].array.as<double>(), weight);
    EXPECT_EQ(arrays[1].name, "fc1.bias");
    EXPECT_EQ(arrays[1].array.as<double>(), (std::vector<double>{1.5, -2}));
    EXPECT_EQ(arrays[2].name, "fortran");
    EXPECT_EQ(arrays[2].array.as<double>(), weight);
  }
}

TEST(Npz, ReadsWhatItWrites) {
  const std::vector<NpzArray> arrays = data::parse_npz(small(), "small");
  ASSERT_EQ(arrays.size(), 2U);
  EXPECT_EQ(arrays[0].name, "a");
  EXPECT_EQ(arrays[0].array.as<float>(), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(arrays[1].array.shape, std::vector<Index>{});
  EXPECT_TRUE(data::parse_npz(data::format_npz({}), "none").empty());
}

TEST(Npz, RefusesWhatItCannotRead) {
  const Bytes good = small();
  expect_refused({1, 2, 3}, "not a npz file");
  expect_refused(changed(good, 0, {0x93, 'N'}), "not a npz file");
  expect_refused(Bytes(good.begin(), good.end() - 1), "cut short");
  // The record at the end: 8 and 10 count the entries, 12 is the directory's length, 16 its place.
  expect_refused(changed(good, -22 + 8, {9, 0, 9, 0}), "cut short");
  expect_refused(changed(good, -22 + 8, {0xff, 0xff, 0xff, 0xff}), "ZIP64");
  expect_refused(changed(good, -22 + 16, {0xff, 0xff, 0xff, 0x7f}), "does not hold");
  expect_refused(changed(good, -22 + 4, {1}), "one part");
  // The directory's last entry is 46 bytes and the name "b.npy": 8 flags, 10 method, 16 checksum,
  // 20 and 24 sizes, 42 place, 46 name.
  const std::ptrdiff_t entry = -22 - 46 - 5;
  expect_refused(changed(good, entry + 8, {1}), "encrypted");
  expect_refused(changed(good, entry + 10, {12}), "method 12");
  expect_refused(changed(good, entry + 16, {1, 2, 3, 4}), "checksum");
  expect_refused(changed(good, entry + 24, {0xff, 0xff, 0xff, 0x7f}), "promises 2147483647 bytes");
  expect_refused(changed(good, entry + 42, {1}), "no header where 'b'");
  expect_refused(changed(good, entry + 46, {'a'}), "'a' twice");
  expect_refused(changed(good, entry + 46, {'b', '.', 't', 'x', 't'}), "'b.txt', which is not");
}

TEST(Npz, AMillionfoldPromiseIsRefusedBeforeMemoryIsTaken) {
  // Deflated, 2 GiB less a little out of a few hundred bytes.
  Bytes bomb = changed(small(), -22 - 46 - 5 + 10, {8});
  bomb = changed(bomb, -22 - 46 - 5 + 24, {0, 0, 0, 0x7f});
  expect_refused(bomb, "promises 2130706432 bytes");
}

/// As a raw deflate stream: a gzip file without its header of 10 bytes and its end of 8.
Bytes deflated(const Bytes& content) {
  const Bytes packed = gzip(content);
  return {packed.begin() + 10, packed.end() - 8};
}

TEST(Npz, RefusesWhatIsPackedTooTightly) {
  const Bytes packed = deflated(Bytes(32 << 20));
  ASSERT_LT(packed.size(), 40'000U);
  Bytes file = data::format_npz(std::vector<NpzEntry>{{"a", packed}});
  const std::ptrdiff_t entry = -22 - 46 - 5;
  file = changed(file, entry + 10, {8});
  file = changed(file, entry + 24, {0, 0, 0, 2});
  expect_refused(file, "entry 'a' holds more than 200 times its own length");
}

TEST(Npz, NamesAreShownWithoutWhatCommandsATerminal) {
  const std::vector<float> values = {1};
  Bytes npy = data::format_npy<float>(values, std::vector<Index>{1});
  npy.pop_back();
  const Bytes file = data::format_npz(std::vector<NpzEntry>{{"\x1b[2J", npy}});
  expect_refused(file, "array an entry with an unreadable name: (1,) elements");
}

TEST(Npz, SurvivesMutation) {
  for (const Bytes& good : {small(), data::read_file(kFiles / "deflated.npz")})
    EXPECT_EQ(torture(good, 3000, [](const Bytes& bytes) { data::parse_npz(bytes, "hostile"); }),
              0);
}

}  // namespace
}  // namespace chainrule::testing
