#include "chainrule/core/random.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>
#include <vector>

namespace chainrule {
namespace {

/// The known answers that the authors of Philox publish with their code (Random123, kat_vectors).
TEST(Random, PhiloxGivesTheKnownAnswers) {
  EXPECT_EQ(philox(0, 0, 0),
            (std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox(~0ull, ~0ull, ~0ull),
            (std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

TEST(Random, MomentsOfUniformAndNormal) {
  Random random(3);
  constexpr int kCount = 200'000;
  double u = 0, n = 0, nn = 0;
  for (int i = 0; i < kCount; ++i) {
    const double x = random.uniform();
    ASSERT_TRUE(x >= 0 && x < 1);
    u += x;
    const double y = random.normal();
    n += y, nn += y * y;
  }
  EXPECT_NEAR(u / kCount, 0.5, 0.003);
  EXPECT_NEAR(n / kCount, 0, 0.01);
  EXPECT_NEAR(nn / kCount, 1, 0.015);
}

TEST(Random, StreamsDiffer) {
  Random a(1, 0), b(1, 1), c(2, 0), again(1, 0);
  const auto first = a.bits();
  EXPECT_EQ(first, again.bits());
  EXPECT_NE(first, b.bits());
  EXPECT_NE(first, c.bits());
}

TEST(Random, BelowReachesEachNumberEquallyOften) {
  Random random(5);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts[random.below(7)];
  for (const int n : counts) EXPECT_NEAR(n, 10'000, 400);
  EXPECT_EQ(random.below(1), 0u);
}

TEST(Random, ShuffleIsAPermutation) {
  std::vector<std::int32_t> items(100);
  std::iota(items.begin(), items.end(), 0);
  const auto before = items;
  Random(9).shuffle(items);
  EXPECT_NE(items, before);
  std::sort(items.begin(), items.end());
  EXPECT_EQ(items, before);
}

}  // namespace
}  // namespace chainrule
