#include "chainrule/layers/batch_norm.h"

#include "tests/check.h"

namespace chainrule::testing {
namespace {

TEST(BatchNormLayer, Gradient) {
  const auto layer = [](Var x) { return BatchNorm{}(x, "bn1"); };
  check(layer, {{5, 3}});
  check(layer, {{4, 2, 3}}, {.training = false});
}

TEST(BatchNormLayer, ParametersAndByHand) {
  Graph g;
  const Var x = g.input("x", {1});
  const Var y = BatchNorm{.momentum = 0.5, .epsilon = 0.25}(x, "bn1");
  EXPECT_EQ(y.name(), "bn1");
  Params<double> params(g);
  EXPECT_EQ(params.count(), 4);
  EXPECT_EQ(params.trainable_count(), 2);
  EXPECT_EQ(double(params["bn1.weight"]), 1);
  EXPECT_EQ(double(params["bn1.bias"]), 0);
  EXPECT_EQ(double(params["bn1.running_mean"]), 0);
  EXPECT_EQ(double(params["bn1.running_var"]), 1);

  // Before training x / sqrt(1 + 0.25).
  Tape<double> tape(params, {.rows = 2});
  tape.set(x, {2, 6});
  tape.forward();
  EXPECT_NEAR(tape.value(y)[0], 1.78885438199983, 1e-12);
  // In training mean 4 and variance 4 of the batch: (x - 4) / sqrt(4.25); the statistics move
  // halfway to mean 4 and unbiased variance 8.
  tape.forward({.training = true});
  EXPECT_NEAR(tape.value(y)[0], -0.970142500145332, 1e-12);
  tape.update_state();
  EXPECT_NEAR(double(params["bn1.running_mean"]), 2, 1e-12);
  EXPECT_NEAR(double(params["bn1.running_var"]), 4.5, 1e-12);
}

}  // namespace
}  // namespace chainrule::testing
