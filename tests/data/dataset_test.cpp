#include "chainrule/data/dataset.h"

#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <set>

#include "chainrule/core/error.h"
#include "tests/data/errors.h"

namespace chainrule::testing {
namespace {

Dataset pictures() {
  Dataset d;
  d.name = "tiny";
  d.features = {2};
  d.bytes = {0, 255, 1, 128, 51, 254};
  d.classes = {0, 1, 1};
  d.class_names = {"no", "yes"};
  return d;
}

Dataset table() {
  Dataset d;
  d.features = {2};
  d.feature_names = {"a", "b"};
  d.floats = {1.5f, -2, 3, 4};
  d.targets = {10, 20};
  d.target_names = {"y"};
  d.weights = {1, 2};
  return d;
}

TEST(Dataset, BytesBecomeExactFractions) {
  Dataset d;
  d.features = {256};
  d.bytes.resize(256);
  std::iota(d.bytes.begin(), d.bytes.end(), std::uint8_t{0});
  std::array<float, 256> f{};
  std::array<double, 256> g{};
  const std::array<std::int32_t, 1> rows{0};
  d.gather(rows, std::span<float>(f));
  d.gather(rows, std::span<double>(g));
  for (std::size_t b = 0; b < 256; ++b) {
    EXPECT_EQ(f[b], static_cast<float>(b) / 255.0f);
    EXPECT_EQ(g[b], static_cast<double>(b) / 255.0);
  }
  EXPECT_EQ(f[255], 1.0f);
  EXPECT_EQ(g[51], 0.2);
}

TEST(Dataset, GathersRowsInTheGivenOrder) {
  std::array<float, 6> out{};
  const std::array<std::int32_t, 3> rows{2, 0, 2};
  pictures().gather(rows, std::span<float>(out));
  EXPECT_EQ(out, (std::array<float, 6>{0.2f, 254 / 255.0f, 0, 1, 0.2f, 254 / 255.0f}));
  std::array<double, 2> row{};
  table().gather(std::array<std::int32_t, 1>{1}, std::span<double>(row));
  EXPECT_EQ(row, (std::array<double, 2>{3, 4}));
}

TEST(Dataset, GatherRefusesWrongRoomAndRows) {
  std::array<float, 2> out{};
  expect_error<Error>(
      [&] {
        pictures().gather(std::array{0, 1}, std::span<float>(out));
      },
      "gather() of 2 rows needs room for 4 numbers, got room for 2");
  expect_error<Error>([&] { pictures().gather(std::array{3}, std::span<float>(out)); },
                      "row 3 was asked of a dataset that has 3 rows");
  expect_error<Error>([&] { pictures().gather(std::array{-1}, std::span<float>(out)); }, "row -1");
}

TEST(Dataset, SubsetKeepsEverythingAboutARow) {
  const Dataset p = pictures().subset(std::array{2, 0});
  EXPECT_EQ(p.rows(), 2);
  EXPECT_EQ(p.bytes, (std::vector<std::uint8_t>{51, 254, 0, 255}));
  EXPECT_EQ(p.classes, (std::vector<std::int32_t>{1, 0}));
  EXPECT_EQ(p.class_names, pictures().class_names);
  p.validate();
  const Dataset t = table().subset(std::array{1});
  EXPECT_EQ(t.floats, (std::vector<float>{3, 4}));
  EXPECT_EQ(t.targets, std::vector<float>{20});
  EXPECT_EQ(t.weights, std::vector<float>{2});
  t.validate();
  EXPECT_EQ(table().subset({}).rows(), 0);
}

TEST(Dataset, ValidateNamesWhatIsWrong) {
  const auto refused = [](Dataset d, auto change, const char* why) {
    d.validate();
    change(d);
    expect_error<DataError>([&] { d.validate(); }, why);
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  refused(
      pictures(), [](Dataset& d) { d.bytes.pop_back(); }, "'tiny' holds 5 features, expected 4");
  refused(
      pictures(), [](Dataset& d) { d.floats.assign(6, 0); }, "as bytes and as floats");
  refused(
      pictures(), [](Dataset& d) { d.classes[1] = 2; }, "label 2 in row 2, expected 0 to 1");
  refused(
      pictures(), [](Dataset& d) { d.classes[0] = -1; }, "label -1 in row 1");
  refused(
      pictures(), [](Dataset& d) { d.classes.pop_back(); }, "2 class labels, expected 3");
  refused(
      pictures(), [](Dataset& d) { d.class_names.clear(); }, "3 class labels, expected 0");
  refused(
      pictures(),
      [](Dataset& d) {
        d.image = {2, 2};
      },
      "pictures of [2, 2] but 2 features");
  refused(
      table(), [&](Dataset& d) { d.floats[3] = nan; }, "row 2, feature 'b', expected a finite");
  refused(
      table(), [&](Dataset& d) { d.targets[0] = inf; }, "inf in row 1, target 'y'");
  refused(
      table(), [&](Dataset& d) { d.weights[1] = nan; }, "row 2, sample weight");
  refused(
      table(), [&](Dataset& d) { d.weights[1] = -1; }, "weight -1 in row 2");
  refused(
      table(), [](Dataset& d) { d.targets.pop_back(); }, "1 targets, expected 2");
  refused(
      table(), [](Dataset& d) { d.feature_names.pop_back(); }, "1 feature names, expected 2");
  refused(
      table(),
      [](Dataset& d) {
        d.class_names = {"a"}, d.classes = {0, 0};
      },
      "classes and numbers as targets");
}

TEST(Split, GivesEachClassItsShare) {
  Dataset d;
  d.features = {1};
  for (int i = 0; i < 100; ++i) {
    d.floats.push_back(static_cast<float>(i));
    d.classes.push_back(i < 60 ? 0 : i < 90 ? 1 : 2);
  }
  d.class_names = {"a", "b", "c"};
  const auto [train, test] = split(d, 0.3, 7);
  EXPECT_EQ(train.rows(), 70);
  std::array<int, 3> count{};
  for (const std::int32_t c : test.classes) ++count[static_cast<std::size_t>(c)];
  EXPECT_EQ(count, (std::array<int, 3>{18, 9, 3}));
  std::set<float> all(train.floats.begin(), train.floats.end());
  all.insert(test.floats.begin(), test.floats.end());
  EXPECT_EQ(all.size(), 100u);
  EXPECT_TRUE(std::is_sorted(test.floats.begin(), test.floats.end()));

  EXPECT_EQ(split(d, 0.3, 7).second.floats, test.floats);
  EXPECT_NE(split(d, 0.3, 8).second.floats, test.floats);
}

TEST(Dataset, BorrowsItsFeatures) {
  std::array<float, 6> memory{1, 2, 3, 4, 5, 6};
  Dataset d;
  d.features = {2};
  d.borrowed = memory;
  d.validate();
  EXPECT_EQ(d.rows(), 3);
  memory[4] = 7;
  const std::vector<std::int32_t> rows{2, 0};
  std::array<float, 4> out{};
  d.gather(rows, std::span<float>(out));
  EXPECT_EQ(out, (std::array<float, 4>{7, 6, 1, 2}));
  EXPECT_EQ(d.subset(rows).floats, (std::vector<float>{7, 6, 1, 2}));  // a copy of its own
  memory[3] = std::nanf("");
  expect_error<DataError>([&] { d.validate(); }, "row 2, feature 2");
  d.bytes = {1, 2};
  expect_error<DataError>([&] { d.validate(); }, "bytes and as floats");
}

TEST(Split, EdgesOfTheFraction) {
  EXPECT_EQ(split_rows(10, {}, 0, 1).second.size(), 0u);
  EXPECT_EQ(split_rows(10, {}, 0.99, 1).first.size(), 1u);
  EXPECT_EQ(split_rows(1, {}, 0.9, 1).first.size(), 1u);
  EXPECT_EQ(split_rows(0, {}, 0.5, 1).first.size(), 0u);
  expect_error<Error>([] { split_rows(10, {}, 1, 1); }, "at least 0 and below 1");
  expect_error<Error>([] { split_rows(10, {}, std::nan(""), 1); }, "fraction of a split is nan");
}

}  // namespace
}  // namespace chainrule::testing
