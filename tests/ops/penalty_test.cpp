#include "chainrule/ops/penalty.h"

#include "tests/check.h"

namespace chainrule::testing {
namespace {

TEST(Penalty, Gradient) {
  for (const Argument& w : {Argument::param({3, 5}), Argument::param({1}), Argument({2, 3})}) {
    check([](Var v) { return l1_penalty(v, 0.1); }, {w});
    check([](Var v) { return l2_penalty(v, 0.1); }, {w});
  }
}

TEST(Penalty, ByHand) {
  const std::vector<Given> w = {{{3}, {1, -2, 3}, true}};
  expect_near(evaluate([](auto v) { return l1_penalty(v[0], 0.1); }, w), {0.6});
  expect_near(evaluate([](auto v) { return l2_penalty(v[0], 0.1); }, w), {1.4});
}

}  // namespace
}  // namespace chainrule::testing
