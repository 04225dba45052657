// Matt Mazur's step by step example of backpropagation: a 2-2-2 network of sigmoids, one step.
// https://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example/
#include <gtest/gtest.h>
#include <vector>

#include "chainrule/losses/half_squared_error.h"
#include "chainrule/ops/affine.h"
#include "chainrule/ops/sigmoid.h"
#include "tests/system/descent.h"

namespace chainrule {
namespace {

Initializer values(std::vector<double> v) {
  return [v](std::span<double> out, const Shape&, Random&) {
    std::copy(v.begin(), v.end(), out.begin());
  };
}

/// Column j belongs to neuron j: w1, w2 feed the first hidden one, w3, w4 the second; w5, w6 the
/// first output, w7, w8 the second. The biases stay as they are in that text: constants.
struct Mazur {
  Graph g;
  Var x = g.input("x", {2}), t = g.input("t", {2});
  Var hidden = g.param("hidden", {2, 2}, {.init = values({0.15, 0.25, 0.20, 0.30})});
  Var output = g.param("output", {2, 2}, {.init = values({0.40, 0.50, 0.45, 0.55})});
  Var h = sigmoid(affine(x, hidden, g.constant({2}, {0.35, 0.35})));
  Var z = affine(h, output, g.constant({2}, {0.60, 0.60}));
  Var loss = half_squared_error(sigmoid(z), t);
  Params<double> params{g};
  Tape<double> tape{params};
  Mazur() { tape.set(x, {0.05, 0.10}), tape.set(t, {0.01, 0.99}); }
};

TEST(Mazur, OneStep) {
  Mazur net;
  EXPECT_NEAR(descend(net.params, net.tape, net.loss, 0.5, 1), 0.298371109, 5e-10);
  const auto w = net.params[net.hidden], v = net.params[net.output];
  EXPECT_NEAR(w[0], 0.149780716, 5e-10);
  EXPECT_NEAR(w[2], 0.19956143, 5e-9);
  EXPECT_NEAR(w[1], 0.24975114, 5e-9);
  EXPECT_NEAR(w[3], 0.29950229, 5e-9);
  EXPECT_NEAR(v[0], 0.35891648, 5e-9);
  EXPECT_NEAR(v[2], 0.408666186, 5e-10);
  EXPECT_NEAR(v[1], 0.511301270, 5e-10);
  EXPECT_NEAR(v[3], 0.561370121, 5e-10);
  net.tape.forward();
  EXPECT_NEAR(net.tape.value(net.loss), 0.291027774, 5e-10);
}

TEST(Mazur, TheErrorPrintedAfterTheStep) {
  // The text ends with the error 0.291027924, which its own weights do not give. That is the error
  // when the output layer is updated first and its new weights carry the gradient to the hidden
  // layer: an order of steps that a tape cannot get wrong.
  Mazur net;
  net.tape.forward();
  net.tape.backward(net.loss);
  const auto w = net.params[net.hidden], v = net.params[net.output];
  const auto x = net.tape.value(net.x), h = net.tape.value(net.h), dz = net.tape.grad(net.z);
  for (Index i = 0; i < 4; ++i) v[i] -= 0.5 * net.tape.grad(net.output)[i];
  for (Index j = 0; j < 2; ++j) {
    const double dh = dz[0] * v[j * 2] + dz[1] * v[j * 2 + 1];
    for (Index i = 0; i < 2; ++i) w[i * 2 + j] -= 0.5 * dh * h[j] * (1 - h[j]) * x[i];
  }
  net.tape.forward();
  EXPECT_NEAR(net.tape.value(net.loss), 0.291027924, 5e-10);
}

}  // namespace
}  // namespace chainrule
