#include "chainrule/data/toy.h"

#include <cmath>
#include <gtest/gtest.h>

#include "tests/data/errors.h"

namespace chainrule::testing {
namespace {

TEST(Toy, Gates) {
  const std::vector<float> inputs{0, 0, 0, 1, 1, 0, 1, 1};
  using Classes = std::vector<std::int32_t>;
  const auto is = [&](const Splits& s, const Classes& classes) {
    EXPECT_EQ(s.train.floats, inputs);
    EXPECT_EQ(s.train.classes, classes);
    EXPECT_EQ(s.test.floats, inputs);
    EXPECT_EQ(s.test.classes, classes);
    EXPECT_EQ(s.validation.rows(), 0);
    EXPECT_EQ(s.schema.inputs.size(), 2u);
    s.train.validate();
  };
  is(data::and_gate(), {0, 0, 0, 1});
  is(data::or_gate(), {0, 1, 1, 1});
  is(data::xor_gate(), {0, 1, 1, 0});
}

TEST(Toy, PointsLieWhereTheyShould) {
  const auto each = [](const Splits& s, auto check) {
    for (const Dataset* d : {&s.train, &s.test}) {
      d->validate();
      for (std::size_t i = 0; i < d->classes.size(); ++i)
        check(d->floats[2 * i], d->floats[2 * i + 1], d->classes[i]);
    }
  };
  each(data::circles({.noise = 0}), [](float x, float y, int label) {
    EXPECT_NEAR(std::hypot(x, y), label == 0 ? 1 : 0.5, 1e-6);
  });
  each(data::moons({.noise = 0}), [](float x, float y, int label) {
    if (label == 0) {
      EXPECT_NEAR(std::hypot(x, y), 1, 1e-6);
      EXPECT_GE(y, -1e-6f);
    } else {
      EXPECT_NEAR(std::hypot(x - 1, y - 0.5f), 1, 1e-6);
      EXPECT_LE(y, 0.5f);
    }
  });
  each(data::blobs({.classes = 4, .noise = 0}), [](float x, float y, int label) {
    EXPECT_NEAR(x, label == 0 ? 2 : label == 2 ? -2 : 0, 1e-6);
    EXPECT_NEAR(y, label == 1 ? 2 : label == 3 ? -2 : 0, 1e-6);
  });
  each(data::spiral({.classes = 2, .noise = 0}), [](float x, float y, int label) {
    const float r = std::hypot(x, y);
    EXPECT_NEAR(x, r * std::sin(4 * r + (label == 0 ? 0 : 3.14159265f)), 1e-5);
  });
}

TEST(Toy, AFifthOfEachClassIsForTesting) {
  for (const Splits& s : {data::spiral({.rows = 300}), data::blobs({.rows = 300})}) {
    EXPECT_EQ(s.train.rows(), 240);
    EXPECT_EQ(s.test.rows(), 60);
    for (int c = 0; c < 3; ++c)
      EXPECT_EQ(std::count(s.test.classes.begin(), s.test.classes.end(), c), 20);
  }
  EXPECT_EQ(data::moons({.seed = 4}).train.floats, data::moons({.seed = 4}).train.floats);
  EXPECT_NE(data::moons({.seed = 4}).train.floats, data::moons({.seed = 5}).train.floats);
}

TEST(Toy, RefuseNonsense) {
  expect_error<Error>([] { data::spiral({.rows = 2}); }, "spiral: 2 rows for 3 classes");
  expect_error<Error>([] { data::blobs({.classes = 0}); }, "blobs: 0 classes");
  expect_error<Error>([] { data::moons({.noise = -1}); }, "moons: noise is -1");
}

}  // namespace
}  // namespace chainrule::testing
