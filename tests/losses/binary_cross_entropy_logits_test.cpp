#include "chainrule/losses/binary_cross_entropy_logits.h"

#include "chainrule/losses/binary_cross_entropy.h"
#include "chainrule/ops/sigmoid.h"
#include "tests/losses/loss_run.h"

namespace chainrule::testing {
namespace {

const auto loss = [](Var x, Var t, LossOptions o = {}) {
  return binary_cross_entropy_logits(x, t, o);
};
const auto rows = [](Var x, Var t) { return loss(x, t, {.reduction = Reduction::none}); };

TEST(BinaryCrossEntropyLogits, Gradient) {
  check_reductions<LossOptions>(loss, {4, 3}, {4, 3});
  check_reductions<LossOptions>(loss, {1, 1}, {1, 1});
  check_reductions<LossOptions>(loss, {5}, {5});
  check(loss, {Argument({4, 3}).in(-30, 30), Argument({4, 3}).in(0, 1)});
}

TEST(BinaryCrossEntropyLogits, ByHand) {
  // sigmoid(log 3) = 0.75, so the values are those of binary_cross_entropy there.
  const auto [y, dx] = run_loss(rows, 1, {1.09861228866811, 1.09861228866811}, {1, 0});
  expect_near(y, {0.287682072451781, 1.38629436111989});
  expect_near(dx, {-0.25, 0.75});
}

TEST(BinaryCrossEntropyLogits, AgreesWithItsTwinOfSmallOperations) {
  const std::vector<double> x{0.3, -1.2, 2, 0.5, 0, -3}, t{0, 0.25, 0.75, 1, 0, 1};
  const auto twin = run_loss(
      [](Var a, Var b) {
        return binary_cross_entropy(sigmoid(a), b, {.reduction = Reduction::none});
      },
      3, x, t);
  expect_near(run_loss(rows, 3, x, t).loss, twin.loss);
  expect_near(run_loss(rows, 3, x, t).dx, twin.dx);
}

TEST(BinaryCrossEntropyLogits, HugeLogits) {
  const auto [y, dx] = run_loss<float>(rows, 1, {1e4, 1e4, -1e4, -1e4}, {1, 0, 1, 0});
  EXPECT_EQ(y, (std::vector<float>{0, 1e4, 1e4, 0}));
  EXPECT_EQ(dx, (std::vector<float>{0, 1, -1, 0}));
}

}  // namespace
}  // namespace chainrule::testing
