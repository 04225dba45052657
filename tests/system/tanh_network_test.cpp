// A product with a matrix, a bias and tanh, each a node, against the formulas on paper.
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "chainrule/graph/tape.h"
#include "chainrule/layers/init.h"
#include "chainrule/ops/bias.h"
#include "chainrule/ops/matmul.h"
#include "chainrule/ops/reduce.h"
#include "chainrule/ops/tanh.h"

namespace chainrule {
namespace {

TEST(TanhNetwork, ASumPassesItsGradientOn) {
  Graph g;
  const Var x = g.input("x", {4});
  const Var loss = sum(x), bent = sum(tanh(x));
  Tape<double> tape(g);
  tape.set(x, {1, -2, 0.5, 0});
  tape.forward();
  tape.backward(loss);
  for (const double d : tape.grad(x)) EXPECT_EQ(d, 1);
  tape.backward(bent);
  for (Index i = 0; i < 4; ++i)
    EXPECT_NEAR(tape.grad(x)[i], 1 - std::pow(std::tanh(tape.value(x)[i]), 2), 1e-12);
}

TEST(TanhNetwork, LinearBiasTanh) {
  // y = tanh(x w + 1) for five inputs and outputs; the upstream gradient is x, as it happens.
  Graph g;
  const Var x = g.input("x", {5});
  const Var w = g.param("w", {5, 5}, {.init = init::normal(1)});
  const Var b = g.param("b", {5}, {.init = init::constant(1)});
  const Var y = tanh(bias(matmul(x, w), b));
  Params<double> params(g, 11);
  Tape<double> tape(params);
  const std::vector<double> input{0.4, -1.3, 0.7, 0.1, -0.6};
  tape.set(x, std::span<const double>(input));
  tape.forward();
  tape.backward(y, std::span<const double>(input));

  std::vector<double> dz(5), dx(5, 0.0);
  for (Index j = 0; j < 5; ++j) {
    double z = 1;
    for (Index i = 0; i < 5; ++i) z += input[static_cast<std::size_t>(i)] * params[w][i * 5 + j];
    EXPECT_NEAR(tape.value(y)[j], std::tanh(z), 1e-12);
    dz[static_cast<std::size_t>(j)] =
        input[static_cast<std::size_t>(j)] / std::pow(std::cosh(z), 2);
  }
  for (std::size_t i = 0; i < 5; ++i)
    for (std::size_t j = 0; j < 5; ++j) {
      const auto ij = static_cast<Index>(i * 5 + j);
      dx[i] += dz[j] * params[w][ij];
      EXPECT_NEAR(tape.grad(w)[ij], input[i] * dz[j], 1e-12);
    }
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(tape.grad(b)[static_cast<Index>(i)], dz[i], 1e-12);
    EXPECT_NEAR(tape.grad(x)[static_cast<Index>(i)], dx[i], 1e-12);
  }
}

}  // namespace
}  // namespace chainrule
