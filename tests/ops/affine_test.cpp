#include "chainrule/ops/affine.h"

#include "chainrule/ops/bias.h"
#include "chainrule/ops/matmul.h"
#include "tests/check.h"

namespace chainrule::testing {
namespace {

TEST(Affine, Gradient) {
  const auto layer = [](Var x, Var w, Var b) { return affine(x, w, b); };
  const auto param = Argument::param;
  check(layer, {{4, 3}, param({3, 5}), param({5})});
  check(layer, {{1, 1}, param({1, 1}), param({1})});
  check(layer, {{3, 2, 5}, param({5, 4}), param({4})});
  check(layer, {param({3}), param({3, 2}), param({2})});
  check([](Var x, Var w) { return affine(x, w); }, {{4, 3}, param({3, 5})});
  check([](Var x, Var w) { return affine(x, w); }, {{7, 1}, param({1, 2})});
}

// Enough inputs, and enough zeros among them, for the products that skip zeros.
TEST(Affine, GradientOfSparseInputs) {
  std::vector<double> x(3 * 70);
  for (std::size_t i = 0; i < x.size(); i += 5) x[i] = 1 + static_cast<double>(i % 7);
  const auto param = Argument::param;
  check([](Var v, Var w, Var b) { return affine(v, w, b); },
        {Argument({3, 70}).fixed(x), param({70, 4}), param({4})});
}

// X2 W + B with the numbers of a 2-3 layer: [1 0.5] [[0.1 0.3 0.5] [0.2 0.4 0.6]] + [0.1 0.2 0.3].
TEST(Affine, ByHand) {
  expect_near(evaluate([](auto v) { return affine(v[0], v[1], v[2]); },
                       {{{2}, {1, 0.5}},
                        {{2, 3}, {0.1, 0.3, 0.5, 0.2, 0.4, 0.6}, true},
                        {{3}, {0.1, 0.2, 0.3}, true}}),
              {0.3, 0.7, 1.1});
}

TEST(Affine, EqualsItsTwinOfSmallOps) {
  for (const Index inputs : {5, 70})  // few; many of which most are 0
    for (const Index period : {1, 6}) {
      const auto run = [=](auto layer) {
        Graph g;
        const Var x = g.input("x", {3, inputs});
        const auto init = [](std::span<double> values, const Shape&, Random& random) {
          for (double& v : values) v = random.normal();
        };
        const Var w = g.param("w", {inputs, 4}, {.init = init}),
                  b = g.param("b", {4}, {.init = init});
        const Var y = layer(x, w, b);
        Params<double> params(g, 1);
        Tape<double> tape(params, {.rows = 2});
        for (Index i = 0; i < 6 * inputs; i += period)
          tape.input(x)[i] = static_cast<double>(i * 7 % 11) - 5;
        tape.forward();
        std::vector<double> upstream(24);
        for (std::size_t i = 0; i < 24; ++i) upstream[i] = static_cast<double>(i * 5 % 13) - 6;
        tape.backward(y, upstream);
        std::vector<double> all(tape.value(y).begin(), tape.value(y).end());
        for (const Var& v : {x, w, b})
          all.insert(all.end(), tape.grad(v).begin(), tape.grad(v).end());
        return all;
      };
      expect_near(run([](Var x, Var w, Var b) { return affine(x, w, b); }),
                  run([](Var x, Var w, Var b) { return bias(matmul(x, w), b); }));
    }
}

}  // namespace
}  // namespace chainrule::testing
