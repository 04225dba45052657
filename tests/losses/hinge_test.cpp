#include "chainrule/losses/hinge.h"

#include "tests/losses/loss_run.h"

namespace chainrule::testing {
namespace {

const auto loss = [](Var x, Var t, LossOptions o = {}) { return hinge(x, t, o); };
const auto rows = [](Var x, Var t) { return loss(x, t, {.reduction = Reduction::none}); };

TEST(Hinge, Gradient) {
  check_reductions<LossOptions>(loss, {4, 3}, {4, 3});
  check_reductions<LossOptions>(loss, {3, 1}, {3, 1});
  check_reductions<LossOptions>(loss, {5}, {5});
  check_reductions<LossOptions>(loss, {6, 4}, Argument::classes(6, 4));
  check(rows, {{1, 2}, Argument::classes(1, 2)});
}

TEST(Hinge, ByHand) {
  // Margins 1 - 0.5, 1 + 0.5, 1 - 2 (no loss) and 1 + 2.
  const auto [y, dx] = run_loss(rows, 1, {0.5, 0.5, 2, 2}, {1, 0, 1, 0});
  expect_near(y, {0.5, 1.5, 0, 3});
  expect_near(dx, {-1, 1, 0, 1});
}

TEST(Hinge, ClassesByHand) {
  // Class 1 in (2, 1.5, 0.25): 1 + 2 - 1.5. Class 0 in (2, 0.5, 0.25): 1 + 0.5 - 2 < 0.
  // Class 2 in (0, 1, 0.5): 1 + 1 - 0.5. Class 1 in (0, 3, 1): 1 + 1 - 3 < 0.
  const auto [y, dx] =
      run_loss(rows, 3, {2, 1.5, 0.25, 2, 0.5, 0.25, 0, 1, 0.5, 0, 3, 1}, {1, 0, 2, 1}, 3);
  expect_near(y, {1.5, 0, 1.5, 0});
  expect_near(dx, {1, -1, 0, 0, 0, 0, 0, 1, -1, 0, 0, 0});
}

TEST(Hinge, OneClassIsTooFew) {
  Graph g;
  const Var x = g.input("x", {1}), t = g.class_input("t", 1);
  EXPECT_THROW(hinge(x, t), ShapeError);
}

}  // namespace
}  // namespace chainrule::testing
