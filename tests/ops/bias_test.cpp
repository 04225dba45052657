#include "chainrule/ops/bias.h"

#include "tests/check.h"

namespace chainrule::testing {
namespace {

TEST(Bias, Gradient) {
  const auto add = [](Var x, Var b) { return bias(x, b); };
  check(add, {{4, 7}, Argument::param({7})});
  check(add, {{1, 1}, Argument::param({1})});
  check(add, {{3, 2, 5}, Argument::param({5})});
  check(add, {Argument::param({5}), Argument::param({5})});
}

TEST(Bias, ByHand) {
  expect_near(evaluate([](auto v) { return bias(v[0], v[1]); },
                       {{{2}, {1, 2, 3, 4}}, {{2}, {10, -20}, true}}),
              {11, -18, 13, -16});
}

}  // namespace
}  // namespace chainrule::testing
