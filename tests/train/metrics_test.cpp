#include "chainrule/train/metrics.h"

#include <array>
#include <cmath>
#include <gtest/gtest.h>

namespace chainrule {
namespace {

TEST(Metrics, TopK) {
  const std::array<float, 4> outputs{0.1f, 3, -2, 3};
  EXPECT_TRUE(in_top_k(outputs, 1, 1));
  EXPECT_FALSE(in_top_k(outputs, 3, 1));
  EXPECT_TRUE(in_top_k(outputs, 3, 2));
  EXPECT_FALSE(in_top_k(outputs, 0, 2));
  EXPECT_TRUE(in_top_k(outputs, 0, 3));
  EXPECT_FALSE(in_top_k(outputs, 2, 3));
}

// Truth 0 0 0 1 1 2, predicted 0 0 1 1 2 2; class 3 never occurs.
TEST(Metrics, Confusion) {
  Confusion c(4);
  c.add(0, 0), c.add(0, 0), c.add(0, 1), c.add(1, 1), c.add(1, 2), c.add(2, 2);
  EXPECT_EQ(c.rows(), 6);
  EXPECT_EQ(c(0, 1), 1);
  EXPECT_EQ(c(1, 0), 0);
  EXPECT_DOUBLE_EQ(c.accuracy(), 4.0 / 6);
  EXPECT_DOUBLE_EQ(c.score(0).precision, 1);
  EXPECT_DOUBLE_EQ(c.score(0).recall, 2.0 / 3);
  EXPECT_DOUBLE_EQ(c.score(0).f1, 0.8);
  EXPECT_EQ(c.score(0).rows, 3);
  EXPECT_DOUBLE_EQ(c.score(1).precision, 0.5);
  EXPECT_DOUBLE_EQ(c.score(1).recall, 0.5);
  EXPECT_DOUBLE_EQ(c.score(2).precision, 0.5);
  EXPECT_DOUBLE_EQ(c.score(2).recall, 1);
  EXPECT_EQ(c.score(3).precision, 0);
  EXPECT_EQ(c.score(3).f1, 0);
  // Over the three classes that occur.
  EXPECT_DOUBLE_EQ(c.macro().precision, 2.0 / 3);
  EXPECT_DOUBLE_EQ(c.macro().recall, (2.0 / 3 + 0.5 + 1) / 3);
  EXPECT_DOUBLE_EQ(c.macro().f1, (0.8 + 0.5 + 2.0 / 3) / 3);
  EXPECT_EQ(c.macro().rows, 6);
  EXPECT_TRUE(std::isnan(Confusion(2).accuracy()));
}

// A class that no row has, but that was predicted, counts in the mean.
TEST(Metrics, MacroCountsInventedClasses) {
  Confusion c(3);
  c.add(0, 0), c.add(0, 2);
  EXPECT_DOUBLE_EQ(c.macro().precision, 0.5);
  EXPECT_DOUBLE_EQ(c.macro().recall, 0.25);
}

// Targets 1 2 3 6 (mean 3, sum of squares around it 14), predicted 1 3 3 4: errors 0 1 0 -2.
TEST(Metrics, Regression) {
  Regression r(1);
  const std::array<double, 4> truth{1, 2, 3, 6}, predicted{1, 3, 3, 4};
  for (std::size_t i = 0; i < 4; ++i) r.add({&truth[i], 1}, {&predicted[i], 1});
  EXPECT_DOUBLE_EQ(r.mse(), 5.0 / 4);
  EXPECT_DOUBLE_EQ(r.mae(), 3.0 / 4);
  EXPECT_DOUBLE_EQ(r.r2(), 1 - 5.0 / 14);
}

TEST(Metrics, RegressionOfSeveralOutputs) {
  // First output: targets 0 and 2, errors 1 and 0, so 1 - 1/2. Second: constant and met, so 1.
  Regression r(2);
  const std::array<double, 4> truth{0, 7, 2, 7}, predicted{1, 7, 2, 7};
  r.add(std::span(truth).first(2), std::span(predicted).first(2));
  r.add(std::span(truth).last(2), std::span(predicted).last(2));
  EXPECT_DOUBLE_EQ(r.r2(), 0.75);
  EXPECT_DOUBLE_EQ(r.mse(), 0.25);
  EXPECT_TRUE(std::isnan(Regression(1).mse()));
  EXPECT_TRUE(std::isnan(Regression(1).r2()));
}

// Small differences of large numbers: the naive sum of squares would lose all digits.
TEST(Metrics, RegressionFarFromZero) {
  Regression r(1);
  for (const double t : {1e9, 1e9 + 1, 1e9 + 2}) {
    const double p = t + 0.5;
    r.add({&t, 1}, {&p, 1});
  }
  EXPECT_NEAR(r.r2(), 1 - 0.75 / 2, 1e-9);
}

}  // namespace
}  // namespace chainrule
