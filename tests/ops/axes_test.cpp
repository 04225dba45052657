// Operations that move, stretch, choose or reduce axes.
#include <cmath>
#include <functional>
#include <limits>

#include "chainrule/ops/gather.h"
#include "chainrule/ops/pad.h"
#include "chainrule/ops/permute.h"
#include "chainrule/ops/reduce_axes.h"
#include "tests/check.h"

namespace chainrule::testing {
namespace {

const auto param = Argument::param;

/// 0, 1, 2, ...
std::vector<double> counted(std::size_t n) {
  std::vector<double> v(n);
  for (std::size_t i = 0; i < n; ++i) v[i] = static_cast<double>(i);
  return v;
}

/// The gradient of in[0] when the upstream gradient of each element of y is its place: 1, 2, ...
std::vector<double> gradient(const std::function<Var(Var)>& f, const Given& in) {
  Graph g;
  const Var x = g.input("x", in.shape), y = f(x);
  const Index rows = static_cast<Index>(in.values.size()) / in.shape.size();
  Tape<double> tape(g, {.rows = rows});
  tape.set(x, std::span<const double>(in.values));
  tape.forward();
  std::vector<double> upstream = counted(static_cast<std::size_t>(tape.value(y).size()));
  for (double& u : upstream) ++u;
  tape.backward(y, upstream);
  return {tape.grad(x).begin(), tape.grad(x).end()};
}

TEST(Permute, Gradient) {
  check([](Var x) { return permute(x, {1, 0}); }, {{4, 2, 3}});
  check([](Var x) { return permute(x, {2, 0, 1}); }, {{3, 2, 3, 4}});
  check([](Var x) { return permute(x, {-1, 1, -3}); }, {{1, 2, 1, 5}});
  check([](Var x) { return permute(x, {0, 1}); }, {{2, 3, 4}});
  check([](Var x) { return permute(x, {0}); }, {{5, 3}});
  check([](Var x) { return permute(x, {}); }, {{5}});
  check([](Var x) { return permute(x, {3, 1, 2, 0}); }, {param({2, 3, 1, 4})});
  check([](Var x) { return permute(x, {5, 3, 4, 0, 2, 1}); }, {{2, 2, 1, 2, 3, 2, 2}});
}

TEST(Permute, ByHand) {
  const Given x{{2, 3}, counted(12)};
  expect_near(evaluate(
                  [](auto v) {
                    return permute(v[0], {1, 0});
                  },
                  {x}),
              {0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11});
  const Given cube{{2, 2, 2}, counted(8), true};
  expect_near(evaluate(
                  [](auto v) {
                    return permute(v[0], {1, 2, 0});
                  },
                  {cube}),
              {0, 4, 1, 5, 2, 6, 3, 7});
}

TEST(ReduceAxes, Gradient) {
  for (const auto& reduce :
       {+[](Var x, Over o) { return sum(x, o); }, +[](Var x, Over o) { return mean(x, o); },
        +[](Var x, Over o) { return max(x, o); }, +[](Var x, Over o) { return min(x, o); }}) {
    for (const bool keep : {false, true}) {
      const auto over = [&](std::vector<Index> axes, bool batch = false) {
        return [=](Var x) { return reduce(x, {.axes = axes, .batch = batch, .keep = keep}); };
      };
      check(over({1}), {{2, 3, 4}});
      check(over({0}), {{2, 3, 4}});
      check(over({0, 1}), {{2, 3, 4}});
      check(over({0}), {{1, 1}});
      check(over({-1, 0}), {{2, 3, 2, 4}});
      check(over({1}), {{2, 3, 2, 4}});
      check(over({1, 3}), {param({2, 3, 2, 2})});
      check(over({}, true), {{5, 3}});
      check(over({1}, true), {{3, 2, 4}});
      check(over({0}, true), {{3, 2, 4}});
      check(over({0}, true), {{3, 7}});
      check(over({0, 2, 4}, true), {{2, 2, 3, 1, 2, 3}});
    }
  }
}

TEST(ReduceAxes, ByHand) {
  const std::vector<Given> x = {{{2, 3}, {1, 2, 9, 4, 5, 6, -1, 0, 1, 7, 7, 7}}};
  expect_near(evaluate([](auto v) { return sum(v[0], {.axes = {1}}); }, x), {12, 15, 0, 21});
  expect_near(evaluate([](auto v) { return sum(v[0], {.axes = {0}}); }, x), {5, 7, 15, 6, 7, 8});
  expect_near(evaluate([](auto v) { return mean(v[0], {.axes = {0, 1}}); }, x), {4.5, 3.5});
  expect_near(evaluate([](auto v) { return mean(v[0], {.axes = {0}, .batch = true}); }, x),
              {11 / 4.0, 14 / 4.0, 23 / 4.0});
  expect_near(evaluate([](auto v) { return max(v[0], {.axes = {-2}}); }, x), {4, 5, 9, 7, 7, 7});
  expect_near(evaluate([](auto v) { return min(v[0], {.axes = {1}, .batch = true}); }, x), {-1, 4});
  const Var kept = [] {
    static Graph g;
    return sum(g.input("x", {2, 3, 4}), {.axes = {0, 2}, .keep = true});
  }();
  EXPECT_EQ(kept.shape(), Shape({1, 3, 1}).with_batch(true));
}

TEST(ReduceAxes, TheFirstOfEqualsGetsTheGradient) {
  const Given x{{2, 3}, {1, 3, 3, 0, 0, 0}};
  expect_near(gradient([](Var v) { return max(v, {.axes = {1}}); }, x), {0, 1, 0, 2, 0, 0});
  expect_near(gradient([](Var v) { return min(v, {.axes = {1}}); }, x), {1, 0, 0, 2, 0, 0});
}

TEST(ReduceAxes, NanComesOut) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Given> x = {{{3}, {1, nan, 2, nan, 5, 6}}};
  for (const auto& reduce :
       {+[](Var v) { return max(v, {.axes = {0}}); }, +[](Var v) { return min(v, {.axes = {0}}); }})
    for (const double y : evaluate([&](auto v) { return reduce(v[0]); }, x))
      EXPECT_TRUE(std::isnan(y));
}

TEST(Pad, Gradient) {
  check([](Var x) { return pad(x, {1}, {2}); }, {{4, 3}});
  check([](Var x) { return pad(x, {0, 1}, {2, 0}, 7); }, {{2, 2, 3}});
  check([](Var x) { return pad(x, {1, 1, 1}, {1, 1, 1}); }, {{2, 1, 2, 1}});
  check([](Var x) { return pad(x, {0}, {0}); }, {{2, 3}});
  check([](Var x) { return pad(x, {2, 0}, {0, 1}, -1); }, {param({2, 3})});
}

TEST(Pad, ByHand) {
  const Given x{{1, 2}, {1, 2, 3, 4}};
  expect_near(evaluate(
                  [](auto v) {
                    return pad(v[0], {1, 0}, {0, 1}, 9);
                  },
                  {x}),
              {9, 9, 9, 1, 2, 9, 9, 9, 9, 3, 4, 9});
}

TEST(Gather, Gradient) {
  const auto along = [](Index axis) { return [axis](Var x, Var i) { return gather(x, i, axis); }; };
  check(along(0), {{5, 3}, Argument::classes(5, 3)});         // one element of each row
  check(along(-1), {{4, 2, 3}, Argument::classes(4, 3)});     // [B, 2, 3] -> [B, 2]
  check(along(0), {{4, 3, 2}, Argument::classes(4, 3)});      // [B, 3, 2] -> [B, 2]
  check(along(1), {{4, 2, 4, 3}, Argument::classes(4, 3)});   // an axis longer than needed
  check(along(0), {param({3, 4}), Argument::classes(7, 3)});  // a table for all rows
  check(along(1), {param({2, 3}), Argument::classes(5, 3)});
  check(along(0), {param({1}), Argument::classes(2, 1)});
}

TEST(Take, Gradient) {
  check([](Var x) { return take(x, {2, 0}, 0); }, {{4, 3}});
  check([](Var x) { return take(x, {1, 1, -1}, 1); }, {{2, 2, 3}});
  check([](Var x) { return take(x, {0, 0, 0, 0}, 0); }, {{2, 2, 3}});
  check([](Var x) { return take(x, {1}, -2); }, {{1, 2, 2, 5}});
  check([](Var x) { return take(x, {-1, 0}, 1); }, {param({3, 4, 2})});
}

TEST(Take, ByHand) {
  const Given x{{2, 3}, counted(12)};
  expect_near(evaluate(
                  [](auto v) {
                    return take(v[0], {2, 0, 2}, 1);
                  },
                  {x}),
              {2, 0, 2, 5, 3, 5, 8, 6, 8, 11, 9, 11});
  expect_near(evaluate([](auto v) { return take(v[0], {-1}, 0); }, {x}), {3, 4, 5, 9, 10, 11});
  expect_near(gradient([](Var v) { return take(v, {2, 0, 2}, 0); }, {{3}, {7, 8, 9}}), {2, 0, 4});
}

TEST(Gather, ByHand) {
  Graph g;
  const Var x = g.input("x", {2, 3}), i = g.class_input("i", 3, {2}), y = gather(x, i, 1);
  EXPECT_EQ(y.shape(), Shape({2, 2}).with_batch(true));
  Tape<double> tape(g, {.rows = 2});
  tape.set(x, std::span<const double>(counted(12)));
  tape.set(i, std::span<const std::int32_t>(std::vector<std::int32_t>{2, 0, 1, 1}));
  tape.forward();
  expect_near({tape.value(y).begin(), tape.value(y).end()}, {2, 0, 5, 3, 7, 7, 10, 10});
  tape.backward(y, std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8});
  expect_near({tape.grad(x).begin(), tape.grad(x).end()}, {2, 0, 1, 4, 0, 3, 0, 11, 0, 0, 15, 0});
}

}  // namespace
}  // namespace chainrule::testing
