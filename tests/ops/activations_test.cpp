#include <cmath>

#include "chainrule/ops/elu.h"
#include "chainrule/ops/gelu.h"
#include "chainrule/ops/leaky_relu.h"
#include "chainrule/ops/relu.h"
#include "chainrule/ops/selu.h"
#include "chainrule/ops/sigmoid.h"
#include "chainrule/ops/silu.h"
#include "chainrule/ops/softplus.h"
#include "chainrule/ops/tanh.h"
#include "tests/check.h"

namespace chainrule::testing {
namespace {

using Activation = Var (*)(Var);

const std::vector<Activation> kActivations = {
    [](Var x) { return relu(x); },      [](Var x) { return leaky_relu(x); },
    [](Var x) { return elu(x); },       [](Var x) { return elu(x, 0.5); },
    [](Var x) { return selu(x); },      [](Var x) { return gelu(x); },
    [](Var x) { return gelu_tanh(x); }, [](Var x) { return silu(x); },
    [](Var x) { return softplus(x); },  [](Var x) { return sigmoid(x); },
    [](Var x) { return tanh(x); },      [](Var x) { return leaky_relu(x, 0.3); },
};

TEST(Activations, Gradients) {
  for (const Activation f : kActivations) {
    check(f, {Argument({4, 7}).in(-4, 4)});
    check(f, {{1}});
    check(f, {Argument::param({3, 5})});
    check(f, {{2, 301}}, {.max_elements = 60});
  }
}

// Values at -1, 0 and 2.5; those of the smooth functions were computed by another program.
TEST(Activations, ByHand) {
  const std::vector<Given> x = {{{3}, {-1, 0, 2.5}}};
  const auto at = [&](Activation f) { return evaluate([=](auto v) { return f(v[0]); }, x); };
  expect_near(at([](Var v) { return leaky_relu(v); }), {-0.01, 0, 2.5});
  expect_near(at([](Var v) { return leaky_relu(v, 0.2); }), {-0.2, 0, 2.5});
  expect_near(at([](Var v) { return elu(v); }), {-0.6321205588285577, 0, 2.5});
  expect_near(at([](Var v) { return elu(v, 2); }), {-1.2642411176571153, 0, 2.5});
  expect_near(at([](Var v) { return selu(v); }), {-1.111330737812563, 0, 2.626752468388701});
  expect_near(at([](Var v) { return gelu(v); }), {-0.1586552539314571, 0, 2.48447583668556});
  expect_near(at([](Var v) { return gelu_tanh(v); }), {-0.1588080093917232, 0, 2.484915733910001});
  expect_near(at([](Var v) { return silu(v); }), {-0.2689414213699951, 0, 2.310354549946891});
  expect_near(at([](Var v) { return softplus(v); }),
              {0.3132616875182229, 0.6931471805599453, 2.57888973429255});
  expect_near(at([](Var v) { return sigmoid(v); }), {0.2689414213699951, 0.5, 0.9241418199787566});
  expect_near(at([](Var v) { return tanh(v); }), {-0.7615941559557649, 0, 0.9866142981514303});
}

template <class T>
void expect_finite(Activation f) {
  Graph g;
  const Var x = g.input("x"), y = f(x);
  Tape<T> tape(g, {.rows = 8});
  tape.set(x, {-1e4, -100, -20, -1e-6, 1e-6, 20, 100, 1e4});
  tape.forward();
  tape.backward(y);
  EXPECT_FALSE(tape.find_nonfinite()) << y.name();
}

TEST(Activations, StayFiniteForLargeInputs) {
  for (const Activation f : kActivations) {
    expect_finite<float>(f);
    expect_finite<double>(f);
  }
}

TEST(Activations, LetNanThrough) {
  for (const Activation f : kActivations) {
    const std::vector<double> y = evaluate([=](auto v) { return f(v[0]); }, {{{}, {NAN}}});
    EXPECT_TRUE(std::isnan(y[0]));
  }
}

}  // namespace
}  // namespace chainrule::testing
