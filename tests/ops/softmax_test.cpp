#include "chainrule/ops/softmax.h"

#include "chainrule/ops/transpose.h"
#include "tests/check.h"

namespace chainrule::testing {
namespace {

TEST(Softmax, Gradient) {
  check([](Var x) { return softmax(x); }, {{4, 7}});
  check([](Var x) { return softmax(x); }, {{3, 2, 5}});
  check([](Var x) { return softmax(x); }, {Argument::param({3, 2})});
  check([](Var x) { return softmax(x); }, {{3, 1}}, {.allow_zero = true});
  check([](Var x) { return log_softmax(x); }, {{4, 7}});
  check([](Var x) { return log_softmax(x); }, {{3, 2, 5}});
  check([](Var x) { return log_softmax(x); }, {{2, 301}}, {.max_elements = 60});
  check([](Var x) { return log_softmax(x); }, {{3, 1}}, {.allow_zero = true});
}

TEST(Softmax, GradientAlongOtherAxes) {
  for (const auto& f : {+[](Var x, Index axis) { return softmax(x, axis); },
                        +[](Var x, Index axis) { return log_softmax(x, axis); }}) {
    check([&](Var x) { return f(x, 0); }, {{3, 4, 2}});
    check([&](Var x) { return f(x, -2); }, {{2, 3, 4, 2}});
    check([&](Var x) { return f(x, 0); }, {Argument::param({3, 2, 2})});
    check([&](Var x) { return f(x, 1); }, {{2, 2, 3, 1}});
    check([&](Var x) { return f(x, 0); }, {{2, 3, 70}}, {.max_elements = 40});
    check([&](Var x) { return f(x, 0); }, {{3, 1, 4}}, {.allow_zero = true});
  }
}

TEST(Softmax, AlongTheFirstAxisByHand) {
  const std::vector<Given> x = {{{3, 2}, {0, 7, 0.6931471805599453, 7, 1.6094379124341003, 7}}};
  constexpr double kThird = 1.0 / 3;
  expect_near(evaluate([](auto v) { return softmax(v[0], 0); }, x),
              {0.125, kThird, 0.25, kThird, 0.625, kThird});
}

// exp(0) : exp(log 2) : exp(log 5) = 1 : 2 : 5.
TEST(Softmax, ByHand) {
  const std::vector<Given> x = {{{3}, {0, 0.6931471805599453, 1.6094379124341003, 7, 7, 7}}};
  constexpr double kThird = 1.0 / 3;
  expect_near(evaluate([](auto v) { return softmax(v[0]); }, x),
              {0.125, 0.25, 0.625, kThird, kThird, kThird});
  expect_near(evaluate([](auto v) { return log_softmax(v[0]); }, x),
              {-2.0794415416798357, -1.3862943611198906, -0.4700036292457356, -1.0986122886681098,
               -1.0986122886681098, -1.0986122886681098});
}

TEST(Softmax, StaysFiniteForLargeInputs) {
  for (const auto& f :
       {+[](Var x) { return softmax(transpose(x)); },
        +[](Var x) { return log_softmax(transpose(x)); }, +[](Var x) { return softmax(x, 0); },
        +[](Var x) { return log_softmax(x, 0); }}) {
    Graph g;
    const Var x = g.input("x", {3, 2}), y = f(x);
    Tape<float> tape(g, {.rows = 1});
    tape.set(x, {-1e4f, 1e4f, 0, 1e4f, 1e4f, -1e4f});
    tape.forward();
    tape.backward(y, std::vector<float>{1, 2, 3, 4, 5, 6});
    EXPECT_FALSE(tape.find_nonfinite());
  }
}

}  // namespace
}  // namespace chainrule::testing
