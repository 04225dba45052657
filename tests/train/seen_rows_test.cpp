// Rows are known again by their features, each as often as it was there.
#include "chainrule/train/seen_rows.h"

#include <gtest/gtest.h>
#include <numeric>

#include "chainrule/core/error.h"
#include "chainrule/data/toy.h"

namespace chainrule {
namespace {

Dataset numbers(std::vector<float> values) {
  Dataset d;
  d.name = "numbers";
  d.features = Shape{1};
  d.floats = std::move(values);
  return d;
}

TEST(SeenRows, TellsWhichRowsAreNew) {
  SeenRows seen;
  EXPECT_TRUE(seen.empty());
  seen.add(numbers({1, 2, 2, 3}));
  seen.add(numbers({9}));
  EXPECT_FALSE(seen.empty());
  // 2 was there twice, so that the third of it is new.
  EXPECT_EQ(seen.unseen(numbers({2, 4, 2, 2, 1, 9, 9, 5})),
            (std::vector<std::int32_t>{1, 3, 6, 7}));
  EXPECT_TRUE(seen.unseen(numbers({3})).empty());
}

TEST(SeenRows, BytesAreTheNumbersThatTheyStandFor) {
  Dataset bytes = numbers({});
  bytes.bytes = {0, 51, 255};
  SeenRows seen;
  seen.add(bytes);
  EXPECT_EQ(seen.unseen(numbers({1, 0.5F, 51.0F / 255.0F})), (std::vector<std::int32_t>{1}));
}

TEST(SeenRows, TextReadsBack) {
  const Splits moons = data::moons({.seed = 3});
  SeenRows seen;
  seen.add(moons.train);
  const SeenRows again = SeenRows::parse(seen.text());
  EXPECT_EQ(seen.text().size(), 10 * static_cast<std::size_t>(moons.train.rows()));
  EXPECT_TRUE(again.unseen(moons.train).empty());
  EXPECT_EQ(std::ssize(again.unseen(moons.test)), moons.test.rows());
  EXPECT_THROW(SeenRows::parse("12345"), DataError);
  EXPECT_THROW(SeenRows::parse("123456789x"), DataError);
}

TEST(SeenRows, TooManyAreForgottenAndThatIsKnown) {
  std::vector<float> values(SeenRows::kMost + 1);
  std::iota(values.begin(), values.end(), 0.0F);
  SeenRows seen;
  seen.add(numbers(std::move(values)));
  EXPECT_TRUE(seen.too_many());
  EXPECT_FALSE(seen.empty());
  EXPECT_TRUE(SeenRows::parse(seen.text()).too_many());
}

}  // namespace
}  // namespace chainrule
