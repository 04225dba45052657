#include "chainrule/layers/layer_norm.h"

#include "tests/check.h"

namespace chainrule::testing {
namespace {

TEST(LayerNormLayer, Gradient) {
  const auto layer = [](Var x) { return LayerNorm{}(x, "ln1"); };
  check(layer, {{4, 5}});
  check(layer, {{2, 3, 4}});
}

TEST(LayerNormLayer, ParametersAndByHand) {
  Graph g;
  const Var x = g.input("x", {2});
  const Var y = LayerNorm{.epsilon = 0.25}(x, "ln1");
  EXPECT_EQ(y.name(), "ln1");
  Params<double> params(g);
  EXPECT_EQ(params.count(), 2);
  for (const double v : params["ln1.weight"]) EXPECT_EQ(v, 1);
  for (const double v : params["ln1.bias"]) EXPECT_EQ(v, 0);

  // Mean 4, variance 4: (x - 4) / sqrt(4.25).
  Tape<double> tape(params);
  tape.set(x, {2, 6});
  tape.forward();
  EXPECT_NEAR(tape.value(y)[0], -0.970142500145332, 1e-12);
  EXPECT_NEAR(tape.value(y)[1], 0.970142500145332, 1e-12);
}

}  // namespace
}  // namespace chainrule::testing
