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
  expect_refused(file, "holds more than 200 times its own length");
}

TEST(Npz, RefusesEntriesThatLieUponEachOther) {
  // 'b' begins where 'a' does, so that one stream would be unpacked twice.
  expect_refused(changed(small(), -22 - 46 - 5 + 42, {0, 0, 0, 0}), "lie upon each other");
}

/// Rows of two features: all `x`, of classes 0, 1, ...
std::vector<NpzEntry> part(const std::string& x_name, const std::string& y_name, Index rows,
                           float x) {
  const std::vector<float> values(static_cast<std::size_t>(2 * rows), x);
  std::vector<std::int64_t> classes;
  for (Index r = 0; r < rows; ++r) classes.push_back(r);
  return {{x_name, data::format_npy<float>(values, std::vector<Index>{rows, 2})},
          {y_name, data::format_npy<std::int64_t>(classes, std::vector<Index>{rows})}};
}

Splits dataset(std::vector<NpzEntry> entries, const std::vector<NpzEntry>& more = {}) {
  entries.insert(entries.end(), more.begin(), more.end());
  return data::npz_dataset(data::parse_npz(data::format_npz(entries), "d.npz"), "d.npz");
}

TEST(NpzDataset, FindsInputsAndTargetsByName) {
  for (const auto& [x, y] :
       {std::pair("x", "y"), std::pair("X", "Y"), std::pair("data", "target"),
        std::pair("images", "labels"), std::pair("arr_0", "arr_1"), std::pair("x_train", "y_train"),
        std::pair("train_images", "train_labels")}) {
    const Splits s = dataset(part(x, y, 3, 1));
    EXPECT_EQ(s.train.rows(), 3) << x;
    EXPECT_EQ(s.train.class_count(), 3) << x;
    EXPECT_EQ(s.test.rows() + s.validation.rows(), 0) << x;
  }
  const Splits s = dataset(part("x_test", "y_test", 4, 2), part("x_train", "y_train", 3, 1));
  EXPECT_EQ(s.train.rows(), 3);
  EXPECT_EQ(s.test.rows(), 4);
  EXPECT_EQ(s.test.floats[0], 2);
  EXPECT_EQ(s.train.class_count(), 4) << "as many as the test part has";
  EXPECT_EQ(s.validation.class_count(), 4);
  EXPECT_EQ(dataset(part("val_images", "val_labels", 2, 3), part("X", "y", 3, 1)).validation.rows(),
            2);
  EXPECT_EQ(dataset({part("only", "y", 3, 1)[0]}).train.rows(), 3);
}

TEST(NpzDataset, RefusesWithASentence) {
  const auto refused = [](const std::vector<NpzEntry>& a, const std::vector<NpzEntry>& b,
                          const char* says) {
    expect_error<DataError>([&] { dataset(a, b); }, says);
  };
  refused(part("p", "q", 2, 1), {}, "which array holds the inputs? There are 'p', 'q'; expected x");
  refused(part("x", "y", 2, 1), part("data", "z", 2, 1), "both 'x' and 'data' could be");
  refused({part("x", "y", 2, 1)[0]}, {part("y", "y_test", 2, 1)[1]}, "'y_test' has no inputs");
  refused(part("x", "y", 2, 1),
          {{"x_test", data::format_npy<float>(std::vector<float>{1}, std::vector<Index>{1, 1})}},
          "rows of the test part have the shape");
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
