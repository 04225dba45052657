#include "chainrule/ops/abs.h"
#include "chainrule/ops/clip.h"
#include "chainrule/ops/exp.h"
#include "chainrule/ops/log.h"
#include "chainrule/ops/maximum.h"
#include "chainrule/ops/power.h"
#include "chainrule/ops/sqrt.h"
#include "chainrule/ops/square.h"
#include "tests/check.h"

namespace chainrule::testing {
namespace {

using Function = Var (*)(Var);

TEST(Elementwise, Gradients) {
  for (const Argument& x : {Argument({4, 7}), Argument({1}), Argument::param({3, 5})}) {
    const Argument positive = x.in(0.25, 3);
    check([](Var v) { return exp(v); }, {x});
    check([](Var v) { return log(v); }, {positive});
    check([](Var v) { return sqrt(v); }, {positive});
    check([](Var v) { return square(v); }, {x});
    check([](Var v) { return abs(v); }, {x});
    check([](Var v) { return power(v, 3); }, {x});
    check([](Var v) { return power(v, 1); }, {x});
    check([](Var v) { return power(v, -1.5); }, {positive});
    check([](Var v) { return power(v, 0); }, {x}, {.allow_zero = true});
    check([](Var v) { return clip(v, -1, 0.5); }, {x});
  }
}

TEST(Elementwise, ByHand) {
  const auto at = [](std::vector<double> x, Function f) {
    return evaluate([=](auto v) { return f(v[0]); }, {{{}, std::move(x)}});
  };
  expect_near(at({0, 1, -1}, [](Var v) { return exp(v); }),
              {1, 2.718281828459045, 0.36787944117144233});
  expect_near(at({1, 2.718281828459045, 8}, [](Var v) { return log(v); }),
              {0, 1, 2.0794415416798357});
  expect_near(at({0, 4, 2}, [](Var v) { return sqrt(v); }), {0, 2, 1.4142135623730951});
  expect_near(at({0, -3, 1.5}, [](Var v) { return square(v); }), {0, 9, 2.25});
  expect_near(at({0, -3, 1.5}, [](Var v) { return abs(v); }), {0, 3, 1.5});
  expect_near(at({0, -3, 1.5}, [](Var v) { return power(v, 3); }), {0, -27, 3.375});
  expect_near(at({4, 9}, [](Var v) { return power(v, -0.5); }), {0.5, 1.0 / 3});
  expect_near(at({-2, -1, 0, 0.5, 7}, [](Var v) { return clip(v, -1, 0.5); }),
              {-1, -1, 0, 0.5, 0.5});
}

TEST(Maximum, Gradient) {
  const std::vector<std::vector<Argument>> pairs = {
      {{4, 7}, {4, 7}}, {{4, 7}, Argument::param({7})}, {{5}, {5, 3}}, {Argument::param({}), {6}},
      {{1}, {1}},
  };
  for (const auto& pair : pairs) {
    const GradcheckOptions options{.allow_zero = pair[0].dims.size() < 2};
    check([](Var a, Var b) { return maximum(a, b); }, pair, options);
    check([](Var a, Var b) { return minimum(a, b); }, pair, options);
  }
  check([](Var x) { return minimum(1, maximum(x, -0.5)); }, {{4, 7}});
}

TEST(Maximum, ByHand) {
  const std::vector<Given> pair = {{{3}, {1, -2, 3}}, {{3}, {0, 5, 3}}};
  expect_near(evaluate([](auto v) { return maximum(v[0], v[1]); }, pair), {1, 5, 3});
  expect_near(evaluate([](auto v) { return minimum(v[0], v[1]); }, pair), {0, -2, 3});
}

TEST(Maximum, TiesGoToTheFirst) {
  for (const auto f : {maximum, minimum}) {
    Graph g;
    const Var a = g.input("a"), b = g.input("b"), y = f(a, b);
    Tape<double> tape(g);
    tape.set(a, 2), tape.set(b, 2);
    tape.forward();
    tape.backward(y);
    EXPECT_EQ(tape.grad(a)[0], 1);
    EXPECT_EQ(tape.grad(b)[0], 0);
  }
}

TEST(Elementwise, KinksAreDefined) {
  Graph g;
  const Var x = g.input("x"), inside = clip(x, 0, 1), distance = abs(x), one = power(x, 0);
  Tape<double> tape(g, {.rows = 2});
  tape.set(x, {0, 1});
  tape.forward();
  tape.backward(inside);
  EXPECT_EQ(tape.grad(x)[0], 1);
  EXPECT_EQ(tape.grad(x)[1], 1);
  tape.backward(distance);
  EXPECT_EQ(tape.grad(x)[0], 0);
  EXPECT_EQ(tape.grad(x)[1], 1);
  tape.backward(one);
  EXPECT_EQ(tape.grad(x)[0], 0);
}

}  // namespace
}  // namespace chainrule::testing
