#include "chainrule/ops/arithmetic.h"

#include "tests/check.h"

namespace chainrule::testing {
namespace {

// Every way in which two operands can meet.
const std::vector<std::vector<Argument>> kPairs = {
    {{4, 7}, {4, 7}},                                    // equal
    {{1}, {1}},                                          // one number per row
    {{5}, {5, 3}},                                       // column and rows
    {{5, 3}, {5}},                                       //
    {{4, 7}, Argument::param({7})},                      // rows and one row
    {Argument::param({7}), {4, 7}},                      //
    {{4, 7}, Argument::param({})},                       // rows and one number
    {Argument::param({}), {4, 7}},                       //
    {Argument::param({}), {6}},                          //
    {Argument::param({5}), {4}},                         // row and column: a table
    {{3, 2, 4}, {3, 4}},                                 // last axis, each row its own
    {{3, 2, 4}, Argument::param({4})},                   // last axis, one for all rows
    {{3, 4}, Argument::param({2, 4})},                   // rows and a matrix
    {Argument::param({2, 3}), Argument::param({3})},     // without batch
    {Argument::param({2, 3}), Argument::param({2, 3})},  //
    {Argument::param({}), Argument::param({})},          //
    {{2, 1}, {2, 1}},                                    //
    {{1, 33}, Argument::param({33})},                    //
    {{3, 2, 1}, {3, 1, 4}},                              // each stretches the other
    {{3, 2, 1}, {3, 2, 4}},                              //
    {{3, 1, 4}, Argument::param({2, 1})},                //
    {{2, 3}, Argument::param({2, 1, 3})},                //
    {{2, 2, 1, 3, 1}, {2, 2, 1, 2}},                     //
    {Argument::param({2, 1, 2}), {3, 3, 1}},             //
    {{2, 1, 2, 1, 2, 1, 2}, Argument::param({2, 1, 2, 1, 2, 1})},
};

TEST(Arithmetic, Gradients) {
  for (const auto& pair : kPairs) {
    check([](Var a, Var b) { return a + b; }, pair);
    check([](Var a, Var b) { return a - b; }, pair);
    check([](Var a, Var b) { return a * b; }, pair);
    check([](Var a, Var b) { return a / b; }, {pair[0], pair[1].in(0.5, 2)});
  }
  check([](Var x) { return -x; }, {{4, 7}});
  check([](Var x) { return -x; }, {Argument::param({1})});
}

TEST(Arithmetic, GradientsWithNumbers) {
  check([](Var x) { return 1 - x * 2.5 + 3; }, {{4, 7}});
  check([](Var x) { return 1 / x / 4; }, {Argument({4, 7}).in(0.5, 2)});
  check([](Var x) { return 2 + (x - 1); }, {{3}});
}

TEST(Arithmetic, ByHand) {
  const std::vector<Given> pair = {{{3}, {1, 2, 3}}, {{3}, {4, -5, 8}}};
  expect_near(evaluate([](auto v) { return v[0] + v[1]; }, pair), {5, -3, 11});
  expect_near(evaluate([](auto v) { return v[0] - v[1]; }, pair), {-3, 7, -5});
  expect_near(evaluate([](auto v) { return v[0] * v[1]; }, pair), {4, -10, 24});
  expect_near(evaluate([](auto v) { return v[0] / v[1]; }, pair), {0.25, -0.4, 0.375});
  expect_near(evaluate([](auto v) { return -v[0]; }, pair), {-1, -2, -3});
  expect_near(evaluate([](auto v) { return 10 - v[0] / 2; }, pair), {9.5, 9, 8.5});
}

TEST(Arithmetic, BroadcastByHand) {
  const auto minus = [](auto v) { return v[0] - v[1]; };
  const Given rows{{2}, {1, 2, 3, 4, 5, 6}}, column{{}, {10, 20, 30}}, row{{2}, {100, 200}, true};
  expect_near(evaluate(minus, {rows, column}), {-9, -8, -17, -16, -25, -24});
  expect_near(evaluate(minus, {rows, row}), {-99, -198, -97, -196, -95, -194});
  expect_near(evaluate(minus, {row, column}), {90, 190, 80, 180, 70, 170});
  const Given matrix{{2, 2}, {1, 2, 3, 4}, true};
  expect_near(evaluate(minus, {matrix, row}), {-99, -198, -97, -196});
  expect_near(evaluate(minus, {rows, matrix}), {0, 0, -2, -2, 2, 2, 0, 0, 4, 4, 2, 2});
}

// Large enough that threads share the work without being forced to.
TEST(Arithmetic, ManyElementsOnTwoThreads) {
  Graph g;
  const Var x = g.input("x", {301}), row = g.param("row", {301}), one = g.param("one", {});
  const Var y = x * row + x * one;
  Params<float> params(g);
  ThreadPool pool(2);
  Tape<float> alone(params, {.rows = 200}), together(params, {.rows = 200, .pool = &pool});
  for (Tape<float>* tape : {&alone, &together}) {
    for (Index i = 0; i < tape->input(x).size(); ++i)
      tape->input(x)[i] = static_cast<float>(i % 1013) / 1013;
    std::fill(params.all().begin(), params.all().end(), 0.5f);
    tape->forward();
    tape->backward(y);
  }
  for (const Var& v : {x, row, one})
    for (Index i = 0; i < alone.grad(v).size(); ++i)
      ASSERT_EQ(alone.grad(v)[i], together.grad(v)[i]) << v.name() << " " << i;
  // d/d one = sum of x: 60,200 terms that run through 0 ... 1012, 59 times and once to 432.
  EXPECT_NEAR(together.grad(one)[0], (59 * 1012 * 1013 / 2 + 432 * 433 / 2) / 1013.0, 0.01);
}

TEST(Arithmetic, NumbersAloneHaveNoGraph) {
  EXPECT_THROW(add(1, 2), Error);
  EXPECT_THROW(add(Var(), 2), Error);
  Graph g;
  const Var x = g.input("x");
  EXPECT_THROW(x + Var(), Error);
}

}  // namespace
}  // namespace chainrule::testing
