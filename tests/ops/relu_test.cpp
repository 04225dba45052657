#include "chainrule/ops/relu.h"

#include "tests/check.h"

namespace chainrule::testing {
namespace {

TEST(Relu, Gradient) {
  check([](Var x) { return relu(x); }, {{4, 7}});
  check([](Var x) { return relu(x); }, {{1}});
  check([](Var x) { return relu(x); }, {Argument::param({3, 5})});
}

TEST(Relu, ByHand) {
  expect_near(evaluate([](auto v) { return relu(v[0]); }, {{{3}, {-1, 0, 2.5}}}), {0, 0, 2.5});
}

}  // namespace
}  // namespace chainrule::testing
