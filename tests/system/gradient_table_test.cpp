// Backpropagation against numerical differentiation for the 784-50-10 network, per parameter.
#include <gtest/gtest.h>

#include "chainrule/check/gradcheck.h"
#include "chainrule/layers/init.h"
#include "chainrule/layers/linear.h"
#include "chainrule/losses/softmax_cross_entropy.h"
#include "chainrule/ops/relu.h"

namespace chainrule {
namespace {

TEST(GradientTable, DigitNetwork) {
  Graph g;
  const Var x = g.input("x", {784}), t = g.input("t", {10});
  const Var h = relu(Linear{.out = 50, .init = init::normal(0.01)}(x, "fc1"));
  const Var logits = Linear{.out = 10, .init = init::normal(0.01)}(h, "fc2");
  const Var loss = softmax_cross_entropy(logits, t);
  Params<double> params(g, 1);

  // Three rows like images: a fifth of the pixels is not black; one-hot targets 5, 0, 4.
  Random random(2);
  const auto fill = [&](Tape<double>& tape) {
    for (double& v : tape.input(x)) v = random.uniform() < 0.2 ? random.uniform() : 0;
    for (const auto& [row, digit] : {std::pair{0, 5}, {1, 0}, {2, 4}})
      tape.input(t)(row, digit) = 1;
  };
  const GradcheckReport report = gradcheck_model(params, loss, 3, fill, {.max_elements = 500});
  EXPECT_TRUE(report) << report.failure;
  ASSERT_EQ(report.entries.size(), 4u);
  const std::pair<const char*, Index> expected[] = {
      {"fc1.weight", 500}, {"fc1.bias", 50}, {"fc2.weight", 500}, {"fc2.bias", 10}};
  for (std::size_t i = 0; i < 4; ++i) {
    const GradcheckEntry& entry = report.entries[i];
    EXPECT_EQ(entry.name, expected[i].first);
    EXPECT_EQ(entry.checked, expected[i].second);
    EXPECT_LE(entry.mean_abs_error, 1e-7) << entry.name;
    EXPECT_GT(entry.max_gradient, 1e-4) << entry.name;
  }
}

}  // namespace
}  // namespace chainrule
