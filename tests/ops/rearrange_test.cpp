#include "chainrule/ops/concat.h"
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
