#include "chainrule/losses/absolute_error.h"

#include "tests/losses/loss_run.h"

namespace chainrule::testing {
namespace {

const auto loss = [](Var x, Var t, LossOptions o = {}) { return absolute_error(x, t, o); };

TEST(AbsoluteError, Gradient) {
  check_reductions<LossOptions>(loss, {4, 3}, {4, 3});
  check_reductions<LossOptions>(loss, {1, 1}, {1, 1});
  check_reductions<LossOptions>(loss, {5}, {5});
}

TEST(AbsoluteError, ByHand) {
  // (1 + 2) / 2 and (0 + 1) / 2; no slope where both agree.
  const auto rows = [](Var a, Var b) { return loss(a, b, {.reduction = Reduction::none}); };
  const auto [y, dx] = run_loss(rows, 2, {1, 2, 3, 0}, {0, 4, 3, 1});
  expect_near(y, {1.5, 0.5});
  expect_near(dx, {0.5, -0.5, 0, -0.5});
}

}  // namespace
}  // namespace chainrule::testing
