#include "chainrule/ops/concat.h"
#include "chainrule/ops/expand.h"
#include "chainrule/ops/reshape.h"
#include "chainrule/ops/slice.h"
#include "chainrule/ops/transpose.h"
#include "tests/check.h"

namespace chainrule::testing {
namespace {

TEST(Reshape, Gradient) {
  check([](Var x) { return reshape(x, {2, 6}); }, {{3, 3, 4}});
  check([](Var x) { return flatten(x); }, {{3, 3, 4}});
  check([](Var x) { return flatten(x); }, {{5}});
  check([](Var x) { return reshape(x, {4}); }, {Argument::param({2, 2})});
}

TEST(Reshape, KeepsTheElements) {
  const Given x{{2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
  expect_near(evaluate([](auto v) { return reshape(v[0], {3, 2}); }, {x}), x.values);
  Graph g;
  const Var in = g.input("x", {2, 3});
  EXPECT_EQ(reshape(in, {3, 2}).shape(), Shape({3, 2}).with_batch(true));
  EXPECT_EQ(flatten(in).shape(), Shape{6}.with_batch(true));
  EXPECT_EQ(flatten(g.param("w", {2, 3})).shape(), Shape{6});
}

TEST(Concat, Gradient) {
  const auto join = [](std::span<const Var> v) { return concat(v); };
  check(join, {{4, 3}, {4, 2}});
  check(join, {{4, 3}, {4, 3}, {4, 1}});
  check(join, {{3, 2, 1}, {3, 2, 5}});
  check(join, {{4}, {4, 2}, {4}});
  check(join, {{2, 3}});
  check(join, {Argument::param({2, 3}), Argument::param({2, 1})});
  check([](Var a, Var b) { return concat({b, a, b}); }, {{2, 3}, {2, 1}});
}

TEST(Concat, ByHand) {
  expect_near(evaluate([](auto v) { return concat(v); },
                       {{{2}, {1, 2, 3, 4}}, {{}, {5, 6}}, {{1}, {7, 8}}}),
              {1, 2, 5, 7, 3, 4, 6, 8});
}

TEST(Concat, AlongOtherAxes) {
  const auto join = [](Index axis) {
    return [axis](std::span<const Var> v) { return concat(v, axis); };
  };
  check(join(0), {{4, 3}, {4, 2}});
  check(join(0), {{3, 2, 2}, {3, 1, 2}, {3, 3, 2}});
  check(join(-2), {{2, 3, 1, 2}, {2, 3, 4, 2}});
  check(join(1), {Argument::param({2, 1}), Argument::param({2, 3})});
  expect_near(evaluate([](auto v) { return concat(v, 0); },
                       {{{1, 2}, {1, 2, 3, 4}}, {{2, 2}, {5, 6, 7, 8, 9, 10, 11, 12}}}),
              {1, 2, 5, 6, 7, 8, 3, 4, 9, 10, 11, 12});
}

TEST(Stack, GradientAndByHand) {
  check([](std::span<const Var> v) { return stack(v); }, {{4, 3}, {4, 3}});
  check([](std::span<const Var> v) { return stack(v, -1); }, {{2, 3, 2}, {2, 3, 2}, {2, 3, 2}});
  check([](std::span<const Var> v) { return stack(v, 1); }, {{3, 2}, {3, 2}});
  check([](Var x) { return stack(std::vector<Var>{x, x}, 0); }, {{3}});
  const std::vector<Given> pair = {{{2}, {1, 2, 3, 4}}, {{2}, {5, 6, 7, 8}}};
  expect_near(evaluate([](auto v) { return stack(v); }, pair), {1, 2, 5, 6, 3, 4, 7, 8});
  expect_near(evaluate([](auto v) { return stack(v, -1); }, pair), {1, 5, 2, 6, 3, 7, 4, 8});
}

TEST(Slice, Gradient) {
  check([](Var x) { return slice(x, 1, 3); }, {{4, 5}});
  check([](Var x) { return slice(x, 0, 1); }, {{1, 1}});
  check([](Var x) { return slice(x, 2, 5); }, {{3, 2, 5}});
  check([](Var x) { return slice(x, 0, 2); }, {Argument::param({3, 4})});
}

TEST(Slice, ByHand) {
  const Given x{{4}, {1, 2, 3, 4, 5, 6, 7, 8}};
  expect_near(evaluate([](auto v) { return slice(v[0], 1, 3); }, {x}), {2, 3, 6, 7});
  expect_near(evaluate([](auto v) { return slice(v[0], 3, 4); }, {x}), {4, 8});
}

TEST(Slice, GradientWithAxesAndSteps) {
  check([](Var x) { return slice(x, {{.axis = 0, .begin = 1, .end = 4, .step = 2}}); },
        {{2, 5, 3}});
  check([](Var x) { return slice(x, {{.axis = 0, .begin = 3, .end = -1, .step = -2}}); },
        {{2, 4, 3}});
  check([](Var x) { return slice(x, {{0, 0, 1}, {-1, 4, 0, -3}}); }, {{3, 2, 2, 5}});
  check([](Var x) { return slice(x, {{1, 0, 3, 5}, {0, 1, 2}, {2, 1, 3}}); }, {{2, 2, 3, 3}});
  check([](Var x) { return slice(x, {{.axis = 0, .begin = 1, .end = 3}}); },
        {Argument::param({3, 4})});
  check([](Var x) { return select(x, 0, 1); }, {{3, 2, 4}});
  check([](Var x) { return select(x, -1, 0); }, {{3, 2}});
  check(
      [](Var x) {
        const std::vector<Var> parts = split(x, {1, 3}, 0);
        return concat({parts[1], parts[0], parts[1]});
      },
      {{3, 4}});
}

TEST(Slice, WithStepsByHand) {
  const Given x{{5}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}};
  const auto part = [&](AxisRange r) {
    return evaluate([&](auto v) { return slice(v[0], {r}); }, {x});
  };
  expect_near(part({.begin = 0, .end = 5, .step = 2}), {1, 3, 5, 6, 8, 10});
  expect_near(part({.begin = 1, .end = 4, .step = 2}), {2, 4, 7, 9});
  expect_near(part({.begin = 4, .end = -1, .step = -1}), {5, 4, 3, 2, 1, 10, 9, 8, 7, 6});
  expect_near(part({.begin = 4, .end = 0, .step = -3}), {5, 2, 10, 7});
  expect_near(part({.begin = 2, .end = 3, .step = 9}), {3, 8});
}

TEST(Expand, Gradient) {
  check([](Var x) { return expand(x, {3, 4}); }, {{2, 4}});
  check([](Var x) { return expand(x, {3, 4}); }, {{2, 3, 1}});
  check([](Var x) { return expand(x, {2, 3, 2}); }, {{2, 1, 3, 1}});
  check([](Var x) { return expand(x, {3}); }, {{4}});
  check([](Var x) { return expand(x, {3}); }, {{2, 3}});
  check([](Var x) { return expand(x, {2, 2, 3}); }, {Argument::param({2, 1})});
}

TEST(Expand, ByHand) {
  expect_near(evaluate(
                  [](auto v) {
                    return expand(v[0], {2, 3});
                  },
                  {{{2, 1}, {1, 2, 3, 4}}}),
              {1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4});
}

TEST(Transpose, Gradient) {
  check([](Var x) { return transpose(x); }, {{4, 2, 3}});
  check([](Var x) { return transpose(x); }, {{1, 1, 1}});
  check([](Var x) { return transpose(x); }, {{2, 3, 2, 5}});
  check([](Var x) { return transpose(x); }, {Argument::param({3, 7})});
}

TEST(Transpose, ByHand) {
  expect_near(evaluate([](auto v) { return transpose(v[0]); },
                       {{{2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}}),
              {1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12});
}

}  // namespace
}  // namespace chainrule::testing
