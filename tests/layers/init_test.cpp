#include "chainrule/layers/init.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

namespace chainrule {
namespace {

std::vector<double> draw(const Initializer& init, const Shape& shape) {
  std::vector<double> values(static_cast<std::size_t>(shape.size()), NAN);
  Random random(7);
  init(values, shape, random);
  return values;
}

struct Moments {
  double mean, std, least, greatest;
};

Moments moments(const std::vector<double>& v) {
  const double n = static_cast<double>(v.size());
  double sum = 0, squares = 0;
  for (const double x : v) sum += x, squares += x * x;
  const auto [least, greatest] = std::ranges::minmax(v);
  return {sum / n, std::sqrt(squares / n - sum * sum / n / n), least, greatest};
}

// 60,000 draws: the mean is within 4 std / sqrt(60,000) = 0.0163 std, the standard deviation
// within 1.2 % (normal) of what is expected, in all but one of 15,000 samples.
const Shape kWeight{300, 200};

void expect_normal(const Initializer& init, double std) {
  const Moments m = moments(draw(init, kWeight));
  EXPECT_NEAR(m.mean, 0, 0.0163 * std);
  EXPECT_NEAR(m.std, std, 0.012 * std);
  EXPECT_GT(m.greatest, 3.5 * std);  // a normal distribution has tails
  EXPECT_LT(m.least, -3.5 * std);
}

void expect_uniform(const Initializer& init, double bound) {
  const Moments m = moments(draw(init, kWeight));
  EXPECT_NEAR(m.mean, 0, 0.0095 * bound);
  EXPECT_NEAR(m.std, bound / std::sqrt(3.0), 0.005 * bound);
  EXPECT_GE(m.least, -bound);
  EXPECT_LT(m.greatest, bound);
  EXPECT_LT(m.least, -0.999 * bound);
  EXPECT_GT(m.greatest, 0.999 * bound);
}

TEST(Init, Constants) {
  EXPECT_EQ(draw(init::zeros(), {3}), (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(draw(init::constant(-2.5), {2}), (std::vector<double>{-2.5, -2.5}));
}

TEST(Init, Moments) {
  expect_normal(init::normal(0.01), 0.01);
  expect_normal(init::glorot_normal(), 0.0632455532033676);  // sqrt(2 / 500)
  expect_normal(init::he_normal(), 0.0816496580927726);      // sqrt(2 / 300)
  expect_normal(init::lecun_normal(), 0.0577350269189626);   // sqrt(1 / 300)
  expect_uniform(init::uniform(-0.3, 0.3), 0.3);
  expect_uniform(init::glorot_uniform(), 0.109544511501033);  // sqrt(6 / 500)
  expect_uniform(init::he_uniform(), 0.141421356237310);      // sqrt(6 / 300)
  expect_uniform(init::lecun_uniform(), 0.1);                 // sqrt(3 / 300)
}

TEST(Init, FanInIsTheProductOfAllAxesButTheLast) {
  const Moments m = moments(draw(init::lecun_uniform(), {3, 10, 10, 200}));
  EXPECT_LT(m.greatest, 0.1);
  EXPECT_GT(m.greatest, 0.0999);
}

TEST(Init, OrthogonalColumnsOrRows) {
  for (const Shape& shape : {Shape{5, 3}, Shape{3, 5}, Shape{40, 40}, Shape{1}, Shape{}}) {
    const std::vector<double> w = draw(init::orthogonal(2), shape);
    const Index cols = shape.last(), rows = shape.size() / cols;
    const auto at = [&](Index r, Index c) { return w[static_cast<std::size_t>(r * cols + c)]; };
    const Index n = std::min(rows, cols), length = std::max(rows, cols);
    for (Index i = 0; i < n; ++i)
      for (Index k = 0; k < n; ++k) {
        double dot = 0;
        for (Index j = 0; j < length; ++j)
          dot += rows < cols ? at(i, j) * at(k, j) : at(j, i) * at(j, k);
        EXPECT_NEAR(dot, i == k ? 4 : 0, 1e-12) << shape.str() << " " << i << " " << k;
      }
  }
}

TEST(Init, FromText) {
  const auto same = [](std::string_view text, const Initializer& expected) {
    EXPECT_EQ(draw(initializer(text), {4, 3}), draw(expected, {4, 3})) << text;
  };
  same("zeros", init::zeros());
  same("constant:0.1", init::constant(0.1));
  same("normal:0.01", init::normal(0.01));
  same("uniform:-0.1:0.2", init::uniform(-0.1, 0.2));
  same("glorot_uniform", init::glorot_uniform());
  same("glorot_normal", init::glorot_normal());
  same("he_uniform", init::he_uniform());
  same("he_normal", init::he_normal());
  same("lecun_uniform", init::lecun_uniform());
  same("lecun_normal", init::lecun_normal());
  same("orthogonal", init::orthogonal());
  same("orthogonal:1.5", init::orthogonal(1.5));
}

std::string error_of(std::string_view text) {
  try {
    initializer(text);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(Init, TextWithMistakes) {
  EXPECT_EQ(error_of("he_norml"), "unknown initialiser 'he_norml' (did you mean 'he_normal'?)");
  EXPECT_EQ(error_of("quantum_foam"),
            "unknown initialiser 'quantum_foam', expected one of zeros, constant, normal, uniform, "
            "glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_uniform, lecun_normal, "
            "orthogonal");
  EXPECT_TRUE(error_of("").starts_with("unknown initialiser '', expected one of zeros"));
  EXPECT_EQ(error_of("normal"), "initialiser 'normal', expected normal:STD");
  EXPECT_EQ(error_of("uniform:1"), "initialiser 'uniform:1', expected uniform:LOW:HIGH");
  EXPECT_EQ(error_of("zeros:1"), "initialiser 'zeros:1', expected zeros");
  EXPECT_EQ(error_of("normal:0.1x"),
            "initialiser 'normal:0.1x': '0.1x' is no number, expected normal:STD");
  EXPECT_EQ(error_of("constant:nan"),
            "initialiser 'constant:nan': 'nan' is no number, expected constant:VALUE");
  EXPECT_EQ(error_of("normal:"), "initialiser 'normal:': '' is no number, expected normal:STD");
  EXPECT_EQ(error_of("normal:-1"),
            "normal: the standard deviation is -1, expected a number from 0");
  EXPECT_EQ(error_of("uniform:1:0"), "uniform: from 1 to 0, expected two rising numbers");
}

TEST(Init, NamesAreUnderstood) {
  for (const std::string_view usage : initializer_names()) {
    std::string text(usage.substr(0, usage.find('[')));
    for (const std::string_view word : {"VALUE", "STD", "HIGH"})
      if (const auto i = text.find(word); i != text.npos) text.replace(i, word.size(), "1");
    if (const auto i = text.find("LOW"); i != text.npos) text.replace(i, 3, "0");
    EXPECT_EQ(error_of(text), "no error") << usage;
  }
}

}  // namespace
}  // namespace chainrule
