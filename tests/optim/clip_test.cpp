#include "chainrule/optim/clip.h"

#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/core/random.h"

namespace chainrule {
namespace {

TEST(Clip, ByValue) {
  ThreadPool pool;
  std::array<double, 5> g{-3, -0.5, 0, 0.5, 3};
  clip_by_value(std::span<double>(g), 0.75, pool);
  EXPECT_EQ(g, (std::array<double, 5>{-0.75, -0.5, 0, 0.5, 0.75}));
  EXPECT_THROW(clip_by_value(std::span<double>(g), 0, pool), Error);
}

TEST(Clip, ByGlobalNorm) {
  ThreadPool pool;
  std::array<double, 4> g{1, -1, 1, -1};
  EXPECT_EQ(clip_by_global_norm(std::span<double>(g), 4, pool), 2);
  EXPECT_EQ(g, (std::array<double, 4>{1, -1, 1, -1}));
  EXPECT_EQ(clip_by_global_norm(std::span<double>(g), 0.5, pool), 2);
  EXPECT_EQ(g, (std::array<double, 4>{0.25, -0.25, 0.25, -0.25}));
  EXPECT_THROW(clip_by_global_norm(std::span<double>(g), -1, pool), Error);
}

// 1^2 + ... + n^2 = n (n + 1) (2n + 1) / 6, for lengths around the lanes and the pieces.
TEST(Clip, NormOfEveryLength) {
  ThreadPool pool;
  for (const Index n : {0, 1, 7, 8, 9, 16384, 16385, 50001}) {
    std::vector<double> g(static_cast<std::size_t>(n));
    for (Index i = 0; i < n; ++i) g[static_cast<std::size_t>(i)] = static_cast<double>(i + 1);
    const double count = static_cast<double>(n);
    const double expected = std::sqrt(count * (count + 1) * (2 * count + 1) / 6);
    EXPECT_NEAR(global_norm(std::span<const double>(g), pool), expected, 1e-12 * expected) << n;
  }
  // Squares that float cannot hold.
  const std::array<float, 2> large{3e25f, 4e25f};
  EXPECT_NEAR(global_norm(std::span<const float>(large), pool), 5e25, 1e19);
}

TEST(Clip, SameNormForAnyNumberOfThreads) {
  std::vector<float> g(100003);
  Random random(1);
  for (float& x : g) x = static_cast<float>(random.normal());
  ThreadPool one, two(2), eight(8);
  const double norm = global_norm(std::span<const float>(g), one);
  EXPECT_EQ(norm, global_norm(std::span<const float>(g), two));
  EXPECT_EQ(norm, global_norm(std::span<const float>(g), eight));
}

template <class T>
void finds_what_is_not_finite() {
  ThreadPool pool(2);
  std::vector<T> x(40001, std::numeric_limits<T>::max());
  x[7] = std::numeric_limits<T>::denorm_min();
  EXPECT_TRUE(all_finite(std::span<const T>(x), pool));
  for (const T bad : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity(),
                      -std::numeric_limits<T>::infinity()})
    for (const std::size_t where : {std::size_t{0}, std::size_t{20000}, std::size_t{40000}}) {
      std::vector<T> y = x;
      y[where] = bad;
      EXPECT_FALSE(all_finite(std::span<const T>(y), pool)) << bad << " at " << where;
    }
}

TEST(Clip, FindsWhatIsNotFinite) {
  finds_what_is_not_finite<float>();
  finds_what_is_not_finite<double>();
}

}  // namespace
}  // namespace chainrule
