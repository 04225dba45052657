#include "chainrule/ops/batch_norm.h"
#include "chainrule/ops/layer_norm.h"
#include "tests/check.h"

namespace chainrule::testing {
namespace {

TEST(LayerNorm, Gradient) {
  const auto norm = [](Var x, Var gamma, Var beta) { return layer_norm(x, gamma, beta); };
  check(norm, {{4, 7}, Argument::param({7}), Argument::param({7})});
  check(norm, {{3, 2, 5}, Argument::param({5}), Argument::param({5})});
  check(norm, {{1, 2}, Argument::param({2}), Argument::param({2})}, {.tolerance = 1e-5});
  check(norm, {{3, 1}, Argument::param({1}), Argument::param({1})}, {.allow_zero = true});
  check(norm, {Argument::param({5}), Argument::param({5}), Argument::param({5})});
}

// Mean 3, variance (4 + 4 + 0 + 4 + 4) / 5 = 3.2; with epsilon 0.8 the divisor is 2.
TEST(LayerNorm, ByHand) {
  expect_near(
      evaluate(
          [](auto v) { return layer_norm(v[0], v[1], v[2], 0.8); },
          {{{5}, {1, 5, 3, 5, 1}}, {{5}, {1, 1, 1, 10, 10}, true}, {{5}, {0, 0, 7, 0, 100}, true}}),
      {-1, 1, 7, 10, 90});
}

/// With running statistics mean 0.5, -1, 0, ... and variance 2, 1, 2, ...
Var normalised(Var x, Var gamma, Var beta) {
  const Shape features{x.shape().last()};
  const auto cycle = [](std::vector<double> c) {
    return [c](std::span<double> values, const Shape&, Random&) {
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = c[i % c.size()];
    };
  };
  Graph& g = x.graph();
  return batch_norm(
      x, gamma, beta,
      g.param("running_mean", features, {.init = cycle({0.5, -1, 0}), .trainable = false}),
      g.param("running_var", features, {.init = cycle({2, 1}), .trainable = false}));
}

TEST(BatchNorm, Gradient) {
  for (const bool training : {true, false}) {
    const GradcheckOptions options{.training = training};
    check(normalised, {{5, 3}, Argument::param({3}), Argument::param({3})}, options);
    check(normalised, {{7, 1}, Argument::param({1}), Argument::param({1})}, options);
    check(normalised, {{3, 2, 4}, Argument::param({4}), Argument::param({4})}, options);
  }
  check(normalised, {{1, 3}, Argument::param({3}), Argument::param({3})}, {.allow_zero = true});
}

// Column 1 holds 1, 3: mean 2, variance 1 (unbiased 2). Column 2 holds 5, 5: no variance.
TEST(BatchNorm, ByHand) {
  Graph g;
  const auto ones = [](std::span<double> values, const Shape&, Random&) {
    std::fill(values.begin(), values.end(), 1.0);
  };
  const Var x = g.input("x", {2});
  const Var y = batch_norm(x, g.param("gamma", {2}, {.init = ones}), g.param("beta", {2}),
                           g.param("mean", {2}, {.trainable = false}),
                           g.param("var", {2}, {.init = ones, .trainable = false}),
                           {.momentum = 0.1, .epsilon = 3});
  Params<double> params(g);
  params["gamma"][0] = 4, params["beta"][1] = 10;
  Tape<double> tape(params, {.rows = 2});
  tape.set(x, {1, 5, 3, 5});
  tape.forward({.training = true});
  const auto values = [](View<const double> v) { return std::vector<double>(v.begin(), v.end()); };
  expect_near(values(tape.value(y)), {-2, 10, 2, 10});
  tape.update_state();
  expect_near(values(params["mean"]), {0.2, 0.5});
  expect_near(values(params["var"]), {1.1, 0.9});

  params["mean"][0] = 2, params["var"][0] = 1, params["mean"][1] = 1, params["var"][1] = 13;
  tape.forward({.training = false});
  expect_near(values(tape.value(y)), {-2, 11, 2, 11});
  tape.update_state();
  expect_near(values(params["mean"]), {2, 1});
  expect_near(values(params["var"]), {1, 13});

  tape.set_rows(1);
  tape.set(x, {7, 8});
  tape.forward({.training = true});
  tape.update_state();
  expect_near(values(tape.value(y)), {0, 10});
  expect_near(values(params["mean"]), {2, 1});
}

TEST(BatchNorm, RejectsTrainableStatistics) {
  Graph g;
  const Var x = g.input("x", {2}), p = g.param("p", {2});
  EXPECT_THROW(batch_norm(x, p, p, p, p), Error);
}

}  // namespace
}  // namespace chainrule::testing
