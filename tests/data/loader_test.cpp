#include "chainrule/data/loader.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>
#include <vector>

#include "tests/data/errors.h"

namespace chainrule::testing {
namespace {

std::vector<std::int32_t> epoch_of(Loader& loader) {
  std::vector<std::int32_t> rows;
  for (Index b = 0; b < loader.batches(); ++b) {
    const auto batch = loader.next();
    rows.insert(rows.end(), batch.begin(), batch.end());
  }
  return rows;
}

TEST(Loader, EachEpochIsAnotherOrderOfAllRows) {
  Loader loader(10, {.batch = 4, .seed = 3});
  EXPECT_EQ(loader.batches(), 3);
  const std::vector<std::int32_t> first = epoch_of(loader), second = epoch_of(loader);
  EXPECT_NE(first, second);
  for (std::vector<std::int32_t> rows : {first, second}) {
    std::sort(rows.begin(), rows.end());
    EXPECT_EQ(rows, (std::vector<std::int32_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  }
  Loader again(10, {.batch = 4, .seed = 3}), other(10, {.batch = 4, .seed = 4});
  EXPECT_EQ(epoch_of(again), first);
  EXPECT_NE(epoch_of(other), first);
}

TEST(Loader, KeepsTheSmallerLastBatch) {
  Loader loader(10, {.batch = 4, .shuffle = false});
  const auto batch = [&] {
    const auto rows = loader.next();
    return std::vector<std::int32_t>(rows.begin(), rows.end());
  };
  EXPECT_EQ(batch(), (std::vector<std::int32_t>{0, 1, 2, 3}));
  EXPECT_EQ(batch(), (std::vector<std::int32_t>{4, 5, 6, 7}));
  EXPECT_EQ(batch(), (std::vector<std::int32_t>{8, 9}));
  EXPECT_EQ(loader.state(), (Loader::State{1, 0}));
  EXPECT_EQ(batch(), (std::vector<std::int32_t>{0, 1, 2, 3}));
}

TEST(Loader, ContinuesFromAState) {
  for (const bool replacement : {false, true}) {
    Loader one(23, {.batch = 5, .replacement = replacement, .seed = 9});
    for (int i = 0; i < 8; ++i) one.next();
    EXPECT_EQ(one.state(), (Loader::State{1, 3}));
    Loader two(23, {.batch = 5, .replacement = replacement, .seed = 9});
    two.next();
    two.set_state(one.state());
    for (int i = 0; i < 12; ++i) EXPECT_TRUE(std::ranges::equal(one.next(), two.next()));
    two.set_state({0, 0});
    Loader fresh(23, {.batch = 5, .replacement = replacement, .seed = 9});
    EXPECT_TRUE(std::ranges::equal(two.next(), fresh.next()));
  }
}

TEST(Loader, DrawsWithReplacement) {
  Loader loader(50, {.batch = 40, .replacement = true, .seed = 1});
  EXPECT_EQ(loader.batches(), 2);
  std::vector<int> count(50);
  for (int i = 0; i < 1000; ++i) {
    const auto rows = loader.next();
    ASSERT_EQ(rows.size(), 40u);
    for (const std::int32_t r : rows) ++count.at(static_cast<std::size_t>(r));
  }
  // 800 expected per row, standard deviation 28: five of them.
  EXPECT_GT(*std::min_element(count.begin(), count.end()), 660);
  EXPECT_LT(*std::max_element(count.begin(), count.end()), 940);
  EXPECT_EQ(Loader(3, {.batch = 8, .replacement = true}).next().size(), 8u);
  EXPECT_EQ(Loader(3, {.batch = 8}).batch(), 3);
}

TEST(Loader, RefusesNonsense) {
  expect_error<Error>([] { Loader(0); }, "no rows");
  expect_error<Error>([] { Loader(Index{1} << 31); }, "at most 2^31 - 1");
  expect_error<Error>([] { Loader(5, {.batch = 0}); }, "the batch has 0 rows");
  Loader loader(5, {.batch = 2});
  expect_error<Error>([&] { loader.set_state({0, 3}); }, "batch 3 of epoch 0");
  expect_error<Error>([&] { loader.set_state({-1, 0}); }, "an epoch has 3 batches");
}

}  // namespace
}  // namespace chainrule::testing
