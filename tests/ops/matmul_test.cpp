#include "chainrule/ops/matmul.h"

#include "tests/check.h"

namespace chainrule::testing {
namespace {

TEST(MatMul, Gradient) {
  const auto product = [](Var a, Var b) { return matmul(a, b); };
  const auto matrix = Argument::param;
  check(product, {{4, 3}, matrix({3, 5})});          // rows times a matrix
  check(product, {{1, 1}, matrix({1, 1})});          //
  check(product, {{3, 2, 5}, matrix({5, 4})});       // [B, T, K]
  check(product, {{2, 2, 3, 4}, matrix({4, 1})});    //
  check(product, {matrix({3, 4}), matrix({4, 2})});  // two matrices
  check(product, {matrix({3, 3}), matrix({3, 3})});  //
  check(product, {matrix({4}), matrix({4, 2})});     // a vector and a matrix
  check(product, {{3, 2, 5}, {3, 5, 4}});            // a product per row
  check(product, {{3, 5}, {3, 5, 4}});               //
  check(product, {{2, 3, 3}, {2, 3, 3}});            //
  check(product, {{1, 2, 3}, {1, 3, 2}});            //
  check(product, {matrix({2, 5}), {3, 5, 4}});       // one matrix times those of the rows
  check(product, {matrix({5}), {3, 5, 1}});          //
}

TEST(MatMul, GradientOverLeadingAxes) {
  const auto product = [](Var a, Var b) { return matmul(a, b); };
  const auto weight = Argument::param;
  check(product, {{2, 3, 2, 4}, {2, 3, 4, 2}});            // the same axes
  check(product, {{2, 3, 2, 4}, {2, 1, 4, 3}});            // b stretched
  check(product, {{2, 1, 2, 3}, {2, 2, 3, 2}});            // a stretched
  check(product, {{2, 2, 3}, {2, 2, 3, 2}});               // a lacks one
  check(product, {{2, 3, 1, 2, 2}, {2, 2, 2, 3}});         // each stretches the other
  check(product, {{2, 2, 2, 3}, weight({2, 3, 2})});       // a weight for each
  check(product, {weight({2, 2, 3}), {2, 2, 3, 2}});       //
  check(product, {weight({2, 1, 2, 3}), {2, 3, 3, 2}});    //
  check(product, {{2, 3}, {2, 2, 3, 2}});                  // a vector
  check(product, {weight({3}), weight({2, 3, 2})});        //
  check(product, {weight({2, 2, 2}), weight({2, 2, 2})});  //
  check(product, {{1, 1, 1, 1}, {1, 1, 1, 1}});            //
  check(product, {{3, 1, 2, 2}, weight({2, 2, 2})});       //
}

TEST(MatMul, ByHand) {
  const auto product = [](auto v) { return matmul(v[0], v[1]); };
  const Given b{{3, 2}, {1, 2, 3, 4, 5, 6}, true};
  expect_near(evaluate(product, {{{3}, {1, 0, -1, 2, 1, 0}}, b}), {-4, -4, 5, 8});
  // Two rows with a product each: [1 2] times [[1 0] [0 1]], [3 4] times [[0 1] [1 0]].
  expect_near(evaluate(product, {{{2}, {1, 2, 3, 4}}, {{2, 2}, {1, 0, 0, 1, 0, 1, 1, 0}}}),
              {1, 2, 4, 3});
  // Two matrices of b for one of a.
  expect_near(evaluate(product, {{{1, 2}, {1, 2}}, {{2, 2, 1}, {1, 0, 0, 1}}}), {1, 2});
}

}  // namespace
}  // namespace chainrule::testing
