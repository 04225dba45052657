#include "chainrule/ops/pool2d.h"

#include <cmath>
#include <limits>

#include "tests/check.h"

namespace chainrule::testing {
namespace {

struct PoolCase {
  std::initializer_list<Index> x;
  Pool2dOptions options;
};

/// Windows side by side, with gaps, overlapping, padded, one pixel; rows that no window reaches; a
/// picture of its own; more channels than are looked at together.
const PoolCase kPoolCases[] = {
    {{2, 4, 6, 3}, {}},
    {{3, 5, 3, 1}, {}},
    {{1, 1, 1, 1}, {.size = {1, 1}}},
    {{2, 5, 6, 2}, {.size = {3, 2}, .stride = {1, 1}}},
    {{2, 5, 5, 1}, {.size = {3, 3}, .stride = {2, 2}, .before = {1, 1}, .after = {1, 1}}},
    {{1, 7, 4, 2}, {.size = {2, 1}, .stride = {3, 2}}},
    {{2, 3, 4, 2}, {.size = {2, 3}, .stride = {1, 2}, .before = {0, 2}, .after = {1, 0}}},
    {{1, 2, 2, 130}, {}},
};

TEST(Pool2d, Gradient) {
  for (const PoolCase& c : kPoolCases) {
    const GradcheckOptions some{.max_elements = 200};
    check([&](Var x) { return max_pool2d(x, c.options); }, {c.x}, some);
    check([&](Var x) { return avg_pool2d(x, c.options); }, {c.x}, some);
    check([&](Var x) { return avg_pool2d(x, c.options, false); }, {c.x}, some);
  }
  check([](Var x) { return max_pool2d(x); }, {Argument::param({4, 2, 2})});
}

const Given kPicture{{3, 4, 1}, {1, 5, 2, 0, 3, 4, 8, 7, -1, -2, -3, -4}};

TEST(MaxPool2d, ByHand) {
  expect_near(evaluate([](auto v) { return max_pool2d(v[0]); }, {kPicture}), {5, 8});
  const Pool2dOptions padded{.size = {2, 2}, .stride = {2, 2}, .before = {1, 0}};
  expect_near(evaluate([&](auto v) { return max_pool2d(v[0], padded); }, {kPicture}), {5, 2, 4, 8});
}

// 1 + 5 + 3 + 4 and 2 + 0 + 8 + 7; with a row of padding 1 + 5 of two or of four elements.
TEST(AvgPool2d, ByHand) {
  expect_near(evaluate([](auto v) { return avg_pool2d(v[0]); }, {kPicture}), {3.25, 4.25});
  const Pool2dOptions padded{.size = {2, 2}, .stride = {2, 2}, .before = {1, 0}};
  expect_near(evaluate([&](auto v) { return avg_pool2d(v[0], padded); }, {kPicture}),
              {1.5, 0.5, 1, 2});
  expect_near(evaluate([&](auto v) { return avg_pool2d(v[0], padded, false); }, {kPicture}),
              {3, 1, 1, 2});
}

/// The gradient of max_pool2d with upstream 1 for one window of four pixels.
std::vector<double> winners(const std::vector<double>& x) {
  Graph g;
  const Var in = g.input("x", {2, 2, 1}), y = max_pool2d(in);
  Tape<double> tape(g);
  tape.set(in, std::span<const double>(x));
  tape.forward();
  tape.backward(y);
  return {tape.grad(in).begin(), tape.grad(in).end()};
}

TEST(MaxPool2d, FirstOfTheGreatestGetsTheGradient) {
  EXPECT_EQ(winners({0, 3, 3, 3}), (std::vector<double>{0, 1, 0, 0}));
  EXPECT_EQ(winners({0, 0, 0, 0}), (std::vector<double>{1, 0, 0, 0}));
}

TEST(MaxPool2d, NotANumberIsNotHidden) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t i = 0; i < 4; ++i) {
    std::vector<double> x{1, 2, 3, 4};
    x[i] = nan;
    EXPECT_TRUE(std::isnan(evaluate([](auto v) { return max_pool2d(v[0]); }, {{{2, 2, 1}, x}})[0]));
  }
}

TEST(Pool2d, Errors) {
  const auto expect_refused = [](const Pool2dOptions& options, const std::string& why) {
    Graph g;
    const Var x = g.input("x", {4, 3, 2});
    try {
      max_pool2d(x, options);
      ADD_FAILURE() << "expected: " << why;
    } catch (const ShapeError& e) {
      EXPECT_NE(std::string(e.what()).find(why), std::string::npos) << e.what();
    }
  };
  expect_refused({.size = {5, 2}}, "the window spans 5 rows, the input [B, 4, 3, 2] has 4");
  expect_refused({.size = {0, 2}}, "size is 0x2, expected numbers from 1");
  expect_refused({.size = {2}}, "size has 1 entry, expected 2, vertical and horizontal");
  expect_refused({.before = {2, 0}},
                 "padding of 2 and 0, expected less than the size of the window, 2");
  expect_refused({.stride = {1, 1, 1}}, "stride has 3 entries, expected 2");
}

}  // namespace
}  // namespace chainrule::testing
