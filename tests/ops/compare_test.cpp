// Comparisons, choices by a condition, and where the gradient stops.
#include "chainrule/ops/compare.h"

#include <limits>

#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/stop_gradient.h"
#include "chainrule/ops/where.h"
#include "tests/check.h"

namespace chainrule::testing {
namespace {

const auto weight = Argument::param;

TEST(Compare, Gradient) {
  const GradcheckOptions zero = {.allow_zero = true};
  for (const auto& compare : {greater, greater_equal, less, less_equal, equal, not_equal}) {
    const auto f = [&](Var a, Var b) { return compare(a, b); };
    check(f, {{4, 3}, {4, 3}}, zero);
    check(f, {{4, 3}, weight({3})}, zero);
    check(f, {weight({2, 1}), {4, 3}}, zero);
    check([&](Var x) { return (compare(x, 0.5) + 1) * x; }, {{4, 3}});  // the other factor has one
  }
}

TEST(Compare, ByHand) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Given> x = {{{4}, {1, 2, 3, nan}}, {{4}, {2, 2, 2, nan}}};
  const auto answers = [&](auto compare) {
    return evaluate([&](auto v) { return compare(v[0], v[1]); }, x);
  };
  expect_near(answers(greater), {0, 0, 1, 0});
  expect_near(answers(greater_equal), {0, 1, 1, 0});
  expect_near(answers(less), {1, 0, 0, 0});
  expect_near(answers(less_equal), {1, 1, 0, 0});
  expect_near(answers(equal), {0, 1, 0, 0});
  expect_near(answers(not_equal), {1, 0, 1, 1});
}

TEST(Where, Gradient) {
  const auto choose = [](Var c, Var a, Var b) { return where(greater(c, 0), a, b) + c; };
  check(choose, {{4, 3}, {4, 3}, {4, 3}});
  check(choose, {{4}, {4, 3}, weight({3})});
  check(choose, {weight({2, 1}), {4, 3}, weight({})});
  check(choose, {weight({3}), weight({3}), weight({1})});
  check([](Var x) { return where(less(x, 0), -0.1, x); }, {{4, 7}});
  check([](Var x) { return where(1, x, 2.0); }, {{4, 7}});
}

TEST(Where, ByHand) {
  expect_near(evaluate([](auto v) { return where(v[0], v[1], v[2]); },
                       {{{3}, {1, 0, -2}}, {{3}, {10, 20, 30}}, {{}, {7}, true}}),
              {10, 7, 30});
}

/// What is not chosen may be NaN and does not get into the value or a gradient.
TEST(Where, KeepsNanOut) {
  Graph g;
  const Var x = g.input("x", {2}), z = g.input("z", {2}), y = where(greater(x, 0), x, z);
  Tape<double> tape(g, {.rows = 1});
  tape.set(x, {3, 0});
  tape.set(z, {std::numeric_limits<double>::quiet_NaN(), 5});
  tape.forward();
  tape.backward(y);
  expect_near({tape.value(y).begin(), tape.value(y).end()}, {3, 5});
  expect_near({tape.grad(x).begin(), tape.grad(x).end()}, {1, 0});
  expect_near({tape.grad(z).begin(), tape.grad(z).end()}, {0, 1});
}

TEST(StopGradient, Gradient) {
  // A step has no gradient, stopped or not.
  check([](Var x) { return stop_gradient(greater(x, 0)) * x; }, {{4, 7}});
  check([](Var x) { return stop_gradient(greater(x, 0)) * x; }, {weight({3})});
}

TEST(StopGradient, ByHand) {
  Graph g;
  const Var x = g.input("x", {2}), y = stop_gradient(x * x) * x;
  Tape<double> tape(g, {.rows = 1});
  tape.set(x, {3, -2});
  tape.forward();
  expect_near({tape.value(y).begin(), tape.value(y).end()}, {27, -8});
  tape.backward(y);
  expect_near({tape.grad(x).begin(), tape.grad(x).end()}, {9, 4});
}

}  // namespace
}  // namespace chainrule::testing
