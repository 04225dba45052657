#include "chainrule/losses/binary_cross_entropy.h"

#include <cmath>

#include "tests/losses/loss_run.h"

namespace chainrule::testing {
namespace {

const auto loss = [](Var p, Var t, BinaryCrossEntropyOptions o = {}) {
  return binary_cross_entropy(p, t, o);
};
Argument probabilities(std::initializer_list<Index> dims) { return Argument(dims).in(0.05, 0.95); }

TEST(BinaryCrossEntropy, Gradient) {
  using Options = BinaryCrossEntropyOptions;
  check_reductions<Options>(loss, probabilities({4, 3}), probabilities({4, 3}));
  check_reductions<Options>(loss, probabilities({1, 1}), probabilities({1, 1}));
  check_reductions<Options>(loss, probabilities({5}), probabilities({5}));
  check([](Var p, Var t) { return binary_cross_entropy(p, t, {.epsilon = 0.3}); },
        {probabilities({6, 5}), {6, 5}});
}

TEST(BinaryCrossEntropy, ByHand) {
  // -log 0.75 = 0.287682072451781 for t = 1, -log 0.25 = 1.38629436111989 for t = 0; the slopes
  // are -1 / 0.75 and 1 / 0.25, each by 2 for the mean over the features.
  const auto [y, dp] = run_loss(loss, 2, {0.75, 0.75}, {1, 0});
  expect_near(y, {0.836988216785835});
  expect_near(dp, {-2.0 / 3, 2});
}

TEST(BinaryCrossEntropy, ProbabilitiesAreClipped) {
  // -log 1e-7 = 16.1180956509583 is the greatest loss; there the derivative is 0.
  const auto rows = [](Var p, Var t) { return loss(p, t, {.reduction = Reduction::none}); };
  const auto [y, dp] = run_loss(rows, 1, {0, 1, 0, 1}, {1, 0, 0, 1});
  expect_near(y, {16.1180956509583, 16.1180956509583, 1e-7, 1e-7}, 1e-8);
  expect_near(dp, {0, 0, 0, 0});
  const auto in_float = run_loss<float>(rows, 1, {0, 1, 0, 1}, {1, 0, 0, 1});
  for (const float v : in_float.loss) EXPECT_TRUE(std::isfinite(v) && v < 17) << v;
}

}  // namespace
}  // namespace chainrule::testing
