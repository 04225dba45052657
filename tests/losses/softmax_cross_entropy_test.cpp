#include "chainrule/losses/softmax_cross_entropy.h"

#include "chainrule/losses/categorical_cross_entropy.h"
#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/reduce.h"
#include "chainrule/ops/softmax.h"
#include "tests/losses/loss_run.h"

namespace chainrule::testing {
namespace {

using Options = SoftmaxCrossEntropyOptions;
const auto loss = [](Var x, Var t, Options o = {}) { return softmax_cross_entropy(x, t, o); };
const auto rows = [](Var x, Var t) { return loss(x, t, {.reduction = Reduction::none}); };

TEST(SoftmaxCrossEntropy, Gradient) {
  for (const double smoothing : {0.0, 0.1}) {
    const auto smoothed = [=](Var x, Var t, Options o) {
      o.label_smoothing = smoothing;
      return softmax_cross_entropy(x, t, o);
    };
    check_reductions<Options>(smoothed, {4, 3}, Argument::classes(4, 3));
    check_reductions<Options>(smoothed, {4, 3}, {4, 3});
    check_reductions<Options>(smoothed, {4, 3},
                              Argument({4, 3}).fixed({0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0}));
  }
  check(rows, {{1, 7}, Argument::classes(1, 7)});
  check(rows, {{1, 1}, Argument::classes(1, 1)}, {.allow_zero = true});  // the loss is always 0
  check(rows, {Argument({5, 4}).in(-30, 30), Argument::classes(5, 4)});
}

TEST(SoftmaxCrossEntropy, ByHand) {
  // Logits log 1, log 2, log 5 have the softmax 1/8, 2/8, 5/8; -log 0.25 = 1.38629436111989.
  const std::vector<double> x{0, 0.693147180559945, 1.6094379124341};
  for (const auto& [y, dx] : {run_loss(rows, 3, x, {1}, 3), run_loss(rows, 3, x, {0, 1, 0})}) {
    expect_near(y, {1.38629436111989});
    expect_near(dx, {0.125, -0.75, 0.625});
  }
}

TEST(SoftmaxCrossEntropy, LabelSmoothingByHand) {
  // Target (0.1, 0.8, 0.1): 0.1 log 8 + 0.8 log 4 + 0.1 log 1.6 = 1.36398000598846.
  const auto smoothed = [](Var x, Var t) { return loss(x, t, {.label_smoothing = 0.3}); };
  const auto [y, dx] = run_loss(smoothed, 3, {0, 0.693147180559945, 1.6094379124341}, {1}, 3);
  expect_near(y, {1.36398000598846});
  expect_near(dx, {0.025, -0.55, 0.525});
}

TEST(SoftmaxCrossEntropy, HugeLogits) {
  const std::vector<double> x{1e4, -1e4, 1e4, -1e4};
  for (const Index classes : {Index{2}, Index{0}}) {
    const std::vector<double> t =
        classes > 0 ? std::vector<double>{0, 1} : std::vector<double>{1, 0, 0, 1};
    const auto [y, dx] = run_loss<float>(rows, 2, x, t, classes);
    EXPECT_EQ(y, (std::vector<float>{0, 2e4}));
    EXPECT_EQ(dx, (std::vector<float>{0, 0, 1, -1}));
  }
}

TEST(SoftmaxCrossEntropy, AgreesWithItsTwinsOfSmallOperations) {
  const std::vector<double> x{0.3, -1.2, 2, 0.5, 0.5, -3}, t{0, 0.25, 0.75, 1, 0, 0};
  const auto fused = run_loss(rows, 3, x, t);
  const auto logarithms = [](Var a, Var b) { return -sum_features(b * log_softmax(a)); };
  const auto probabilities = [](Var a, Var b) {
    return categorical_cross_entropy(softmax(a), b, {.reduction = Reduction::none});
  };
  for (const auto& twin : {run_loss(logarithms, 3, x, t), run_loss(probabilities, 3, x, t)}) {
    expect_near(fused.loss, twin.loss);
    expect_near(fused.dx, twin.dx);
  }
}

TEST(SoftmaxCrossEntropy, Mistakes) {
  Graph g;
  const Var x = g.input("x", {10}), few = g.class_input("few", 3), y = g.input("y", {3});
  const auto says = [](const std::string& error, std::string_view part) {
    EXPECT_NE(error.find(part), error.npos) << error;
  };
  says(error_of([&] { softmax_cross_entropy(x, few); }),
       "[softmax_cross_entropy \"softmax_cross_entropy1\"] the output has 10 columns, the target 3 "
       "classes");
  says(error_of([&] { softmax_cross_entropy(x, y); }), "the output has shape [B, 10], the target");
  says(error_of([&] {
         softmax_cross_entropy(g.input("image", {2, 5}), few);
       }),
       "the output has shape [B, 2, 5], expected [B, classes]");
  says(error_of([&] { softmax_cross_entropy(x, x, {.label_smoothing = 1}); }),
       "label_smoothing is 1, expected a number from 0 to less than 1 (softmax_cross_entropy_test");
}

}  // namespace
}  // namespace chainrule::testing
