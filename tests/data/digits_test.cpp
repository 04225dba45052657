#include "chainrule/data/digits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <set>

#include "tests/data/errors.h"

namespace chainrule::testing {
namespace {

constexpr Index kSide = 28, kPixels = kSide * kSide;

TEST(Digits, HaveTheShapeOfMnist) {
  const Splits s = data::digits({.train = 2000, .test = 500});
  for (const Dataset* d : {&s.train, &s.test}) {
    d->validate();
    EXPECT_EQ(d->features, Shape({kPixels}));
    EXPECT_EQ(d->image, Shape({kSide, kSide}));
    EXPECT_EQ(d->class_count(), 10);
  }
  EXPECT_EQ(s.train.rows(), 2000);
  EXPECT_EQ(s.test.rows(), 500);
  EXPECT_EQ(s.validation.rows(), 0);
  EXPECT_EQ(s.full_schema().picture(), Shape({kSide, kSide}));

  std::array<int, 10> count{};
  for (const std::int32_t c : s.train.classes) ++count[static_cast<std::size_t>(c)];
  for (const int n : count) EXPECT_NEAR(n, 200, 60);
  const auto ink = std::count_if(s.train.bytes.begin(), s.train.bytes.end(),
                                 [](std::uint8_t b) { return b > 0; });
  EXPECT_GT(static_cast<double>(ink), 0.15 * 2000 * kPixels);
  EXPECT_LT(static_cast<double>(ink), 0.25 * 2000 * kPixels);
}

TEST(Digits, AreFittedAndCentredLikeMnist) {
  const Dataset d = data::digits({.train = 300, .test = 0}).train;
  for (Index row = 0; row < d.rows(); ++row) {
    double mass = 0, mx = 0, my = 0;
    Index left = kSide, right = 0, top = kSide, bottom = 0;
    for (Index i = 0; i < kPixels; ++i) {
      const double v = d.bytes[static_cast<std::size_t>(row * kPixels + i)];
      const Index x = i % kSide, y = i / kSide;
      mass += v, mx += v * (static_cast<double>(x) + 0.5), my += v * (static_cast<double>(y) + 0.5);
      if (v < 128) continue;
      left = std::min(left, x), right = std::max(right, x);
      top = std::min(top, y), bottom = std::max(bottom, y);
    }
    EXPECT_NEAR(mx / mass, 14, 2.5) << "row " << row;  // overlaps count twice
    EXPECT_NEAR(my / mass, 14, 2.5) << "row " << row;  // overlaps count twice
    const Index longer = std::max(right - left, bottom - top) + 1;
    EXPECT_GE(longer, 17) << "row " << row;
    EXPECT_LE(longer, 22) << "row " << row;
  }
}

TEST(Digits, DependOnSeedAndNumberAlone) {
  const Splits a = data::digits({.seed = 5, .train = 300, .test = 50, .threads = 1});
  for (const int threads : {2, 8}) {
    const Splits b = data::digits({.seed = 5, .train = 300, .test = 50, .threads = threads});
    EXPECT_EQ(a.train.bytes, b.train.bytes);
    EXPECT_EQ(a.train.classes, b.train.classes);
    EXPECT_EQ(a.test.bytes, b.test.bytes);
  }
  const Splits fewer = data::digits({.seed = 5, .train = 100, .test = 50});
  EXPECT_TRUE(
      std::equal(fewer.train.bytes.begin(), fewer.train.bytes.end(), a.train.bytes.begin()));
  EXPECT_EQ(fewer.test.bytes, a.test.bytes);
  EXPECT_NE(data::digits({.seed = 6, .train = 300, .test = 0}).train.bytes, a.train.bytes);

  std::set<std::vector<std::uint8_t>> different;
  for (const Dataset* d : {&a.train, &a.test})
    for (Index i = 0; i < d->rows(); ++i)
      different.emplace(d->bytes.begin() + i * kPixels, d->bytes.begin() + (i + 1) * kPixels);
  EXPECT_EQ(different.size(), 350u);
}

TEST(Digits, CanBeToldApartButNotTrivially) {
  // The nearest mean picture knows most digits, not all: a network has something to learn.
  const Splits s = data::digits({.train = 3000, .test = 1000});
  std::vector<double> means(10 * kPixels), count(10);
  for (Index i = 0; i < s.train.rows(); ++i) {
    const auto c = static_cast<std::size_t>(s.train.classes[static_cast<std::size_t>(i)]);
    ++count[c];
    for (std::size_t p = 0; p < kPixels; ++p)
      means[c * kPixels + p] += s.train.bytes[static_cast<std::size_t>(i) * kPixels + p];
  }
  int right = 0;
  for (std::size_t i = 0; i < 1000; ++i) {
    std::array<double, 10> away{};
    for (std::size_t c = 0; c < 10; ++c)
      for (std::size_t p = 0; p < kPixels; ++p)
        away[c] += std::pow(means[c * kPixels + p] / count[c] - s.test.bytes[i * kPixels + p], 2);
    right += std::min_element(away.begin(), away.end()) - away.begin() == s.test.classes[i];
  }
  EXPECT_GT(right, 650);
  EXPECT_LT(right, 950);
}

TEST(Digits, RefuseNonsense) {
  expect_error<Error>([] { data::digits({.train = -1}); }, "-1 digits were asked for");
  EXPECT_EQ(data::digits({.train = 0, .test = 0}).train.rows(), 0);
}

}  // namespace
}  // namespace chainrule::testing
