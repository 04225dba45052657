// Functions of one number, and prelu and pow, whose second operand is learnt.
#include "chainrule/ops/ceil.h"
#include "chainrule/ops/cos.h"
#include "chainrule/ops/erf.h"
#include "chainrule/ops/floor.h"
#include "chainrule/ops/hard_sigmoid.h"
#include "chainrule/ops/hard_swish.h"
#include "chainrule/ops/mish.h"
#include "chainrule/ops/pow.h"
#include "chainrule/ops/prelu.h"
#include "chainrule/ops/reciprocal.h"
#include "chainrule/ops/sign.h"
#include "chainrule/ops/sin.h"
#include "tests/check.h"

namespace chainrule::testing {
namespace {

using OfOne = Var (*)(Var);

TEST(Functions, Gradients) {
  for (const Argument& x : {Argument({4, 7}).in(-4, 4), Argument({1}), Argument::param({3, 5})}) {
    for (const OfOne f :
         {+[](Var v) { return sin(v); }, +[](Var v) { return cos(v); },
          +[](Var v) { return erf(v); }, +[](Var v) { return mish(v); },
          +[](Var v) { return hard_swish(v); }, +[](Var v) { return hard_sigmoid(v); },
          +[](Var v) { return hard_sigmoid(v, 0.5, 0.6); }})
      check(f, {x}, {.allow_zero = x.dims == std::vector<Index>{1}});
    for (const OfOne f : {+[](Var v) { return sign(v); }, +[](Var v) { return floor(v); },
                          +[](Var v) { return ceil(v); }})
      check(f, {x}, {.allow_zero = true});
    check([](Var v) { return reciprocal(v); }, {x.in(0.25, 3)});
  }
}

TEST(Functions, ByHand) {
  const auto at = [](std::vector<double> x, OfOne f) {
    return evaluate([=](auto v) { return f(v[0]); }, {{{}, std::move(x)}});
  };
  expect_near(at({0, 0.5, -2}, [](Var v) { return sin(v); }),
              {0, 0.479425538604203, -0.9092974268256817});
  expect_near(at({0, 0.5, -2}, [](Var v) { return cos(v); }),
              {1, 0.8775825618903728, -0.4161468365471424});
  expect_near(at({0, 0.5, -2}, [](Var v) { return erf(v); }),
              {0, 0.5204998778130465, -0.9953222650189527});
  expect_near(at({0, 2.5, -1}, [](Var v) { return mish(v); }),
              {0, 2.471392304557881, -0.30340146137410895});
  expect_near(at({-4, -1, 2, 5}, [](Var v) { return hard_swish(v); }), {0, -1 / 3.0, 5 / 3.0, 5});
  expect_near(at({-4, -1, 2, 5}, [](Var v) { return hard_sigmoid(v); }), {0, 1 / 3.0, 5 / 6.0, 1});
  expect_near(at({-1, 0.5, 2}, [](Var v) { return hard_sigmoid(v, 0.5, 0.6); }), {0.1, 0.85, 1});
  expect_near(at({-4, 0.5}, [](Var v) { return reciprocal(v); }), {-0.25, 2});
  expect_near(at({-4, 0, 0.5}, [](Var v) { return sign(v); }), {-1, 0, 1});
  expect_near(at({-1.5, 0, 0.5}, [](Var v) { return floor(v); }), {-2, 0, 0});
  expect_near(at({-1.5, 0, 0.5}, [](Var v) { return ceil(v); }), {-1, 0, 1});
}

TEST(Functions, StayFinite) {
  for (const OfOne f : {+[](Var v) { return mish(v); }, +[](Var v) { return erf(v); },
                        +[](Var v) { return hard_swish(v); }}) {
    Graph g;
    const Var x = g.input("x"), y = f(x);
    Tape<float> tape(g, {.rows = 4});
    tape.set(x, {-1e4f, -100, 100, 1e4f});
    tape.forward();
    tape.backward(y);
    EXPECT_FALSE(tape.find_nonfinite());
  }
}

TEST(Prelu, GradientAndByHand) {
  const auto f = [](Var x, Var slope) { return prelu(x, slope); };
  check(f, {{4, 7}, Argument::param({7})});
  check(f, {{4, 2, 3}, Argument::param({2, 1})});
  check(f, {{4, 7}, Argument::param({})});
  expect_near(evaluate([](auto v) { return prelu(v[0], v[1]); },
                       {{{2}, {-2, -2, 4, 4}}, {{2}, {0.5, 0.25}, true}}),
              {-1, -0.5, 4, 4});
}

TEST(Pow, GradientAndByHand) {
  const auto f = [](Var a, Var b) { return pow(a, b); };
  check(f, {Argument({4, 7}).in(0.25, 3), {4, 7}});
  check(f, {Argument({4, 2, 3}).in(0.25, 3), Argument::param({3})});
  check([](Var x) { return pow(2, x); }, {{4, 3}});
  check([](Var x) { return pow(x, 3.0); }, {{4, 3}});
  expect_near(
      evaluate([](auto v) { return pow(v[0], v[1]); }, {{{}, {2, -2, 0, 4}}, {{}, {3, 3, 2, 0.5}}}),
      {8, -8, 0, 2});
}

/// At 0 the gradient of the exponent is that of 0 for all exponents above 0.
TEST(Pow, AtZero) {
  Graph g;
  const Var a = g.input("a"), b = g.input("b"), y = pow(a, b);
  Tape<double> tape(g, {.rows = 2});
  tape.set(a, {0, 0}), tape.set(b, {2, 0});
  tape.forward();
  tape.backward(y);
  expect_near({tape.grad(a).begin(), tape.grad(a).end()}, {0, 0});
  expect_near({tape.grad(b).begin(), tape.grad(b).end()}, {0, 0});
}

}  // namespace
}  // namespace chainrule::testing
