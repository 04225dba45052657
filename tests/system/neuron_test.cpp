// One neuron, a layer of neurons, a batch; then the derivatives that a layer is surrounded by:
// ReLU's mask, softmax, cross-entropy, penalties, dropout.
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "chainrule/graph/tape.h"
#include "chainrule/losses/categorical_cross_entropy.h"
#include "chainrule/losses/softmax_cross_entropy.h"
#include "chainrule/ops/affine.h"
#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/dropout.h"
#include "chainrule/ops/penalty.h"
#include "chainrule/ops/relu.h"
#include "chainrule/ops/softmax.h"

namespace chainrule {
namespace {

Initializer given_values(std::vector<double> v) {
  return [v](std::span<double> out, const Shape&, Random&) {
    std::copy(v.begin(), v.end(), out.begin());
  };
}

void expect_near(View<const double> got, const std::vector<double>& expected) {
  ASSERT_EQ(got.size(), static_cast<Index>(expected.size()));
  for (Index i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], expected[static_cast<std::size_t>(i)], 1e-12) << "element " << i;
}

TEST(Neuron, EveryGradientOfOneNeuron) {
  Graph g;
  const Var x0 = g.input("x0"), x1 = g.input("x1"), x2 = g.input("x2");
  const Var w0 = g.input("w0"), w1 = g.input("w1"), w2 = g.input("w2"), b = g.input("b");
  const Var xw0 = x0 * w0, xw1 = x1 * w1, xw2 = x2 * w2;
  const Var z = xw0 + xw1 + xw2 + b;
  const Var y = relu(z);
  Tape<double> tape(g);
  tape.set(x0, 1), tape.set(x1, -2), tape.set(x2, 3);
  tape.set(w0, -3), tape.set(w1, -1), tape.set(w2, 2), tape.set(b, 1);
  tape.forward();
  EXPECT_EQ(double(tape.value(z)), 6);
  EXPECT_EQ(double(tape.value(y)), 6);
  tape.backward(y);
  for (const Var& v : {z, xw0, xw1, xw2, b}) EXPECT_EQ(double(tape.grad(v)), 1) << v.name();
  EXPECT_EQ(double(tape.grad(x0)), -3);
  EXPECT_EQ(double(tape.grad(x1)), -1);
  EXPECT_EQ(double(tape.grad(x2)), 2);
  EXPECT_EQ(double(tape.grad(w0)), 1);
  EXPECT_EQ(double(tape.grad(w1)), -2);
  EXPECT_EQ(double(tape.grad(w2)), 3);
}

/// Three neurons with four inputs, on three rows, weight [I, O].
struct Layer {
  Graph g;
  Var x = g.input("x", {4});
  Var w = g.param("w", {4, 3},
                  {.init = given_values(
                       {0.2, 0.5, -0.26, 0.8, -0.91, -0.27, -0.5, 0.26, 0.17, 1, -0.5, 0.87})});
  Var b = g.param("b", {3});
  Var y = affine(x, w, b);
  Params<double> params{g};
  Tape<double> tape{params, {.rows = 3}};
  Layer() { tape.set(x, {1, 2, 3, 2.5, 2, 5, -1, 2, -1.5, 2.7, 3.3, -0.8}); }
};

TEST(Neuron, OneRowOfALayer) {
  Layer layer;
  layer.tape.set_rows(1);
  layer.tape.forward();
  const std::vector<double> upstream{1, 1, 1};
  layer.tape.backward(layer.y, std::span<const double>(upstream));
  expect_near(layer.tape.grad(layer.x), {0.44, -0.38, -0.07, 1.37});
}

TEST(Neuron, ABatchThroughALayer) {
  Layer layer;
  layer.tape.forward();
  const std::vector<double> upstream{1, 1, 1, 2, 2, 2, 3, 3, 3};
  layer.tape.backward(layer.y, std::span<const double>(upstream));
  expect_near(layer.tape.grad(layer.x),
              {0.44, -0.38, -0.07, 1.37, 0.88, -0.76, -0.14, 2.74, 1.32, -1.14, -0.21, 4.11});
  expect_near(layer.tape.grad(layer.w),
              {0.5, 0.5, 0.5, 20.1, 20.1, 20.1, 10.9, 10.9, 10.9, 4.1, 4.1, 4.1});
  expect_near(layer.tape.grad(layer.b), {6, 6, 6});
}

TEST(Neuron, ReluMasksTheGradient) {
  Graph g;
  const Var z = g.input("z", {4});
  const Var y = relu(z);
  Tape<double> tape(g, {.rows = 3});
  tape.set(z, {1, 2, -3, -4, 2, -7, -1, 3, -1, 2, 5, -1});
  tape.forward();
  const std::vector<double> upstream{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  tape.backward(y, std::span<const double>(upstream));
  expect_near(tape.grad(z), {1, 2, 0, 0, 5, 0, 0, 8, 0, 10, 11, 0});
}

TEST(Neuron, JacobianOfSoftmax) {
  Graph g;
  const Var z = g.input("z", {3});
  const Var s = softmax(z);
  Tape<double> tape(g);
  tape.set(z, {std::log(0.7), std::log(0.1), std::log(0.2)});
  tape.forward();
  expect_near(tape.value(s), {0.7, 0.1, 0.2});
  const std::vector<std::vector<double>> jacobian{
      {0.21, -0.07, -0.14}, {-0.07, 0.09, -0.02}, {-0.14, -0.02, 0.16}};
  for (std::size_t j = 0; j < 3; ++j) {
    std::vector<double> upstream(3, 0.0);
    upstream[j] = 1;
    tape.backward(s, std::span<const double>(upstream));
    expect_near(tape.grad(z), jacobian[j]);
  }
}

TEST(Neuron, CrossEntropyOfProbabilities) {
  // -t / p for each row; the mean over the batch divides by its length, once.
  Graph g;
  const Var p = g.input("p", {3}), t = g.input("t", {3});
  const Var loss = categorical_cross_entropy(p, t);
  Tape<double> tape(g, {.rows = 2});
  tape.set(p, {0.7, 0.1, 0.2, 0.1, 0.5, 0.4});
  tape.set(t, {1, 0, 0, 0, 1, 0});
  tape.forward();
  EXPECT_NEAR(tape.value(loss), -(std::log(0.7) + std::log(0.5)) / 2, 1e-12);
  tape.backward(loss);
  expect_near(tape.grad(p), {-1 / 0.7 / 2, 0, 0, 0, -1 / 0.5 / 2, 0});
}

TEST(Neuron, SoftmaxWithLossGivesPredictionMinusTarget) {
  Graph g;
  const Var z = g.input("z", {3}), t = g.input("t", {3});
  const Var loss = softmax_cross_entropy(z, t);
  Tape<double> tape(g, {.rows = 2});
  tape.set(z, {std::log(0.7), std::log(0.1), std::log(0.2), 0, 0, 0});
  tape.set(t, {1, 0, 0, 0, 0, 1});
  tape.forward();
  tape.backward(loss);
  expect_near(tape.grad(z), {-0.15, 0.05, 0.1, 1.0 / 6, 1.0 / 6, -1.0 / 3});
}

TEST(Neuron, PenaltiesOnWeights) {
  const std::vector<double> w{0.2, 0.8, -0.5, 1, 0.5, -0.91, 0.26, -0.5, -0.26, -0.27, 0.17, 0.87};
  for (const double lambda : {1.0, 0.05}) {
    Graph g;
    const Var v = g.param("w", {3, 4}, {.init = given_values(w)});
    const Var l1 = l1_penalty(v, lambda), l2 = l2_penalty(v, lambda);
    Params<double> params(g);
    Tape<double> tape(params);
    tape.forward();
    tape.backward(l1);
    std::vector<double> signs{1, 1, -1, 1, 1, -1, 1, -1, -1, -1, 1, 1};
    for (double& s : signs) s *= lambda;
    expect_near(tape.grad(v), signs);
    tape.backward(l2);
    std::vector<double> doubled = w;
    for (double& x : doubled) x *= 2 * lambda;
    expect_near(tape.grad(v), doubled);
  }
}

TEST(Neuron, DropoutScalesWhatItKeeps) {
  Graph g;
  const Var z = g.input("z", {1000});
  const Var y = dropout(z, 0.2);
  Tape<double> tape(g);
  std::vector<double> ones(1000, 1);
  tape.set(z, std::span<const double>(ones));
  tape.forward({.training = true, .seed = 3});
  tape.backward(y);
  int kept = 0;
  for (Index i = 0; i < 1000; ++i) {
    const double r = tape.value(y)[i] != 0;
    kept += r != 0;
    EXPECT_NEAR(tape.grad(z)[i], r / 0.8, 1e-12);
  }
  EXPECT_NEAR(kept, 800, 55);  // 4.3 standard deviations
}

}  // namespace
}  // namespace chainrule
