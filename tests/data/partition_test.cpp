// Parts of a data set have every row once, each class in proportion.
#include "chainrule/data/partition.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "chainrule/core/error.h"
#include "chainrule/data/dataset.h"

namespace chainrule::data {
namespace {

using Rows = std::vector<std::int32_t>;

/// 30 of class 0, 10 of class 1.
Rows classes_of_40() {
  Rows classes(40, 0);
  for (std::size_t i = 0; i < 40; i += 4) classes[i] = 1;
  return classes;
}

Rows sorted_union(const Partition& p) {
  Rows all = p.train;
  all.insert(all.end(), p.validation.begin(), p.validation.end());
  all.insert(all.end(), p.test.begin(), p.test.end());
  std::ranges::sort(all);
  return all;
}

TEST(Partition, FoldsAreDisjointCompleteAndInProportion) {
  const Rows classes = classes_of_40();
  Rows tested;
  for (Index fold = 0; fold < 5; ++fold) {
    const Partition p = partition(40, classes, {.validation = 0.2, .folds = 5, .fold = fold});
    EXPECT_EQ(p.test.size(), 8U);
    EXPECT_EQ(p.validation.size(), 8U);
    const auto second = [&](const Rows& rows) {
      return std::ranges::count_if(
          rows, [&](std::int32_t r) { return classes[static_cast<std::size_t>(r)] == 1; });
    };
    EXPECT_EQ(second(p.test), 2);
    EXPECT_EQ(second(p.validation), 2);
    const Rows all = sorted_union(p);
    for (std::int32_t r = 0; r < 40; ++r) EXPECT_EQ(all[static_cast<std::size_t>(r)], r);
    tested.insert(tested.end(), p.test.begin(), p.test.end());
  }
  std::ranges::sort(tested);
  for (std::int32_t r = 0; r < 40; ++r) EXPECT_EQ(tested[static_cast<std::size_t>(r)], r);
}

TEST(Partition, DrawnPartsAreThoseOfSplitRows) {
  const Rows classes = classes_of_40();
  const Partition p = partition(40, classes, {.test = 0.25, .seed = 3});
  EXPECT_EQ(p.test, split_rows(40, classes, 0.25, 3).second);
  EXPECT_TRUE(p.validation.empty());
}

TEST(Partition, InOrderTheLastRowsAreTheTest) {
  const Partition p = partition(10, {}, {.test = 0.2, .validation = 0.3, .in_order = true});
  EXPECT_EQ(p.train, (Rows{0, 1, 2, 3, 4}));
  EXPECT_EQ(p.validation, (Rows{5, 6, 7}));
  EXPECT_EQ(p.test, (Rows{8, 9}));
}

TEST(Partition, RefusesWhatCannotBe) {
  EXPECT_THROW(partition(10, {}, {.test = 0.5, .validation = 0.5}), Error);
  EXPECT_THROW(partition(10, {}, {.folds = 1}), Error);
  EXPECT_THROW(partition(10, {}, {.folds = 3, .fold = 3}), Error);
  EXPECT_THROW(partition(10, {}, {.folds = 3, .in_order = true}), Error);
}

}  // namespace
}  // namespace chainrule::data
