// One dense layer with a sigmoid learns AND by gradient descent on the binary cross-entropy.
#include <cmath>
#include <gtest/gtest.h>

#include "chainrule/layers/init.h"
#include "chainrule/layers/linear.h"
#include "chainrule/losses/binary_cross_entropy.h"
#include "chainrule/ops/sigmoid.h"
#include "tests/system/descent.h"

namespace chainrule {
namespace {

struct AndGate {
  Graph g;
  Var x = g.input("x", {2}), t = g.input("t", {1});
  Var p = sigmoid(Linear{.out = 1, .init = init::normal(0.01)}(x, "fc1"));
  Var loss = binary_cross_entropy(p, t);
  Params<double> params{g, 1};
  Tape<double> tape{params, {.rows = 4}};
  AndGate() {
    tape.set(x, {1, 1, 1, 0, 0, 1, 0, 0});
    tape.set(t, {1, 0, 0, 0});
  }
};

TEST(And, IsLearnt) {
  AndGate gate;
  gate.tape.forward();
  EXPECT_NEAR(gate.tape.value(gate.loss), std::log(2.0), 0.01);  // undecided
  const double loss = descend(gate.params, gate.tape, gate.loss, 0.1, 20'000);
  EXPECT_LT(loss, 0.02);
  gate.tape.forward();
  const auto p = gate.tape.value(gate.p);
  EXPECT_GT(p[0], 0.95);
  for (Index row = 1; row < 4; ++row) EXPECT_LT(p[row], 0.05) << row;
}

TEST(And, TheBatchIsAveragedOnce) {
  // The derivative by the weighted sum is (p - t) / 4 for each row. Dividing the weights' gradient
  // by 4 once more, as is easily done in a dense layer's backward pass, learns as slowly as a
  // quarter of the rate would.
  AndGate gate;
  gate.tape.forward();
  gate.tape.backward(gate.loss);
  double dw[2] = {0, 0}, db = 0;
  for (Index r = 0; r < 4; ++r) {
    const double delta = (gate.tape.value(gate.p)[r] - gate.tape.value(gate.t)[r]) / 4;
    for (Index i = 0; i < 2; ++i) dw[i] += delta * gate.tape.value(gate.x)(r, i);
    db += delta;
  }
  const auto weight = gate.tape.grad(gate.g.find("fc1.weight"));
  EXPECT_NEAR(weight[0], dw[0], 1e-12);
  EXPECT_NEAR(weight[1], dw[1], 1e-12);
  EXPECT_NEAR(gate.tape.grad(gate.g.find("fc1.bias")), db, 1e-12);
}

}  // namespace
}  // namespace chainrule
