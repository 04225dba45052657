// The 2-3-1 network for XOR: its weights from numpy's random numbers, its forward pass, and what
// it becomes when it learns.
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <vector>

#include "chainrule/losses/binary_cross_entropy.h"
#include "chainrule/ops/affine.h"
#include "chainrule/ops/matmul.h"
#include "chainrule/ops/relu.h"
#include "chainrule/ops/sigmoid.h"
#include "tests/system/descent.h"

namespace chainrule {
namespace {

/// numpy.random.uniform after numpy.random.seed(seed): Mersenne Twister, 53 bits of two outputs.
class NumpyRandom {
 public:
  explicit NumpyRandom(unsigned seed) : engine_(seed) {}
  double uniform(double low, double high) {
    const auto a = static_cast<double>(engine_() >> 5), b = static_cast<double>(engine_() >> 6);
    return low + (high - low) * ((a * 67108864.0 + b) / 9007199254740992.0);
  }

 private:
  std::mt19937 engine_;
};

/// Draws in order of creation: both matrices from one sequence, between the bounds of Glorot's rule
/// for the two inputs and the one output of the whole network.
Initializer glorot_of_the_network(NumpyRandom& random) {
  return [&random](std::span<double> values, const Shape&, Random&) {
    const double bound = std::sqrt(6.0 / (2 + 1));
    for (double& v : values) v = random.uniform(-bound, bound);
  };
}

void expect_printed(View<const double> got, const std::vector<double>& expected) {
  ASSERT_EQ(got.size(), static_cast<Index>(expected.size()));
  for (Index i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], expected[static_cast<std::size_t>(i)], 5.1e-9) << "element " << i;
}

TEST(Xor, WeightsAndForwardPass) {
  NumpyRandom random(0);
  Graph g;
  const Var x = g.input("x", {2});
  const Var w1 = g.param("w1", {2, 3}, {.init = glorot_of_the_network(random)});
  const Var w2 = g.param("w2", {3, 1}, {.init = glorot_of_the_network(random)});
  const Var z1 = matmul(x, w1), x2 = relu(z1), z2 = matmul(x2, w2), y = sigmoid(z2);
  Params<double> params(g);
  expect_printed(params[w1],
                 {0.13806544, 0.60864744, 0.29065872, 0.12694881, -0.21593684, 0.41265087});
  expect_printed(params[w2], {-0.17653002, 1.10810138, 1.31143633});

  Tape<double> tape(params, {.rows = 4});
  tape.set(x, {0, 0, 0, 1, 1, 0, 1, 1});
  tape.forward();
  expect_printed(tape.value(z1), {0, 0, 0, 0.12694881, -0.21593684, 0.41265087, 0.13806544,
                                  0.60864744, 0.29065872, 0.26501425, 0.3927106, 0.70330959});
  expect_printed(tape.value(x2), {0, 0, 0, 0.12694881, 0, 0.41265087, 0.13806544, 0.60864744,
                                  0.29065872, 0.26501425, 0.3927106, 0.70330959});
  expect_printed(tape.value(z2), {0, 0.51875506, 1.03125078, 1.31072593});
  expect_printed(tape.value(y), {0.5, 0.62685661, 0.73715831, 0.78763461});
}

TEST(Xor, IsLearntFromThoseWeights) {
  NumpyRandom random(0);
  Graph g;
  const Var x = g.input("x", {2}), t = g.input("t", {1});
  const Var w1 = g.param("w1", {2, 3}, {.init = glorot_of_the_network(random)});
  const Var b1 = g.param("b1", {3});
  const Var w2 = g.param("w2", {3, 1}, {.init = glorot_of_the_network(random)});
  const Var b2 = g.param("b2", {1});
  const Var y = sigmoid(affine(relu(affine(x, w1, b1)), w2, b2));
  const Var loss = binary_cross_entropy(y, t);
  Params<double> params(g);
  Tape<double> tape(params, {.rows = 4});
  tape.set(x, {0, 0, 0, 1, 1, 0, 1, 1});
  tape.set(t, {0, 1, 1, 0});
  EXPECT_LT(descend(params, tape, loss, 0.5, 5'000), 0.01);
  tape.forward();
  const auto p = tape.value(y);
  EXPECT_LT(p[0], 0.1);
  EXPECT_GT(p[1], 0.9);
  EXPECT_GT(p[2], 0.9);
  EXPECT_LT(p[3], 0.1);
}

}  // namespace
}  // namespace chainrule
