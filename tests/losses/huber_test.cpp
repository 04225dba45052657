#include "chainrule/losses/huber.h"

#include <cmath>

#include "tests/losses/loss_run.h"

namespace chainrule::testing {
namespace {

const auto loss = [](Var x, Var t, HuberOptions o = {}) { return huber(x, t, o); };

TEST(Huber, Gradient) {
  check_reductions<HuberOptions>(loss, {4, 3}, {4, 3});
  check_reductions<HuberOptions>(loss, {1, 1}, {1, 1});
  check_reductions<HuberOptions>(loss, {5}, {5});
  for (const double delta : {0.3, 2.5})
    check([&](Var x, Var t) { return huber(x, t, {.delta = delta}); }, {{4, 3}, {4, 3}});
}

TEST(Huber, ByHand) {
  // Distances 0.5 and -3 with delta 2: 0.5^2 / 2 = 0.125 and 2 (3 - 1) = 4; the mean is 2.0625.
  const auto [y, dx] =
      run_loss([](Var x, Var t) { return huber(x, t, {.delta = 2}); }, 2, {1.5, 2}, {1, 5});
  expect_near(y, {2.0625});
  expect_near(dx, {0.25, -1});
}

TEST(Huber, DeltaMustBePositive) {
  Graph g;
  const Var x = g.input("x"), t = g.input("t");
  for (const double delta : {0.0, -1.0, std::nan("")})
    EXPECT_THROW(huber(x, t, {.delta = delta}), Error);
}

}  // namespace
}  // namespace chainrule::testing
