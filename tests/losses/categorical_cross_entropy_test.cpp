#include "chainrule/losses/categorical_cross_entropy.h"

#include "tests/losses/loss_run.h"

namespace chainrule::testing {
namespace {

using Options = CategoricalCrossEntropyOptions;
const auto loss = [](Var p, Var t, Options o = {}) { return categorical_cross_entropy(p, t, o); };
const auto rows = [](Var p, Var t) { return loss(p, t, {.reduction = Reduction::none}); };
Argument probabilities(std::initializer_list<Index> dims) { return Argument(dims).in(0.05, 0.95); }

TEST(CategoricalCrossEntropy, Gradient) {
  check_reductions<Options>(loss, probabilities({4, 3}), probabilities({4, 3}));
  check_reductions<Options>(loss, probabilities({4, 3}), Argument::classes(4, 3));
  check_reductions<Options>(loss, probabilities({1, 1}), Argument::classes(1, 1));
  check([](Var p, Var t) { return categorical_cross_entropy(p, t, {.epsilon = 0.3}); },
        {probabilities({6, 5}), {6, 5}});
}

TEST(CategoricalCrossEntropy, ByHand) {
  // -log 0.5 = 0.693147180559945, -log 0.125 = 2.07944154167984.
  const std::vector<double> p{0.25, 0.5, 0.25, 0.125, 0.875, 0};
  for (const auto& [y, dp] :
       {run_loss(rows, 3, p, {1, 0}, 3), run_loss(rows, 3, p, {0, 1, 0, 1, 0, 0})}) {
    expect_near(y, {0.693147180559945, 2.07944154167984});
    expect_near(dp, {0, -2, 0, -8, 0, 0});
  }
}

TEST(CategoricalCrossEntropy, ProbabilitiesAreClipped) {
  const auto [y, dp] = run_loss(rows, 2, {0, 1}, {0}, 2);
  expect_near(y, {16.1180956509583});  // -log 1e-7
  expect_near(dp, {0, 0});
}

}  // namespace
}  // namespace chainrule::testing
