#include "chainrule/ops/reduce.h"

#include "tests/check.h"

namespace chainrule::testing {
namespace {

const std::vector<Argument> kInputs = {{4, 7}, {1, 1}, {5}, {3, 2, 5}, {2, 3001}};

TEST(Reduce, Gradients) {
  for (const Argument& x : kInputs) {
    const GradcheckOptions few{.max_elements = 50};
    check([](Var v) { return sum(v); }, {x}, few);
    check([](Var v) { return mean(v); }, {x}, few);
    check([](Var v) { return sum_batch(v); }, {x}, few);
    check([](Var v) { return mean_batch(v); }, {x}, few);
    check([](Var v) { return sum_features(v); }, {x}, few);
    check([](Var v) { return mean_features(v); }, {x}, few);
  }
  check([](Var v) { return sum(v); }, {Argument::param({3, 5})});
  check([](Var v) { return mean(v); }, {Argument::param({3, 5})});
  check([](Var v) { return mean_features(v); }, {Argument::param({3, 5})});
}

TEST(Reduce, ByHand) {
  const std::vector<Given> x = {{{3}, {1, 2, 3, 4, 5, 9}}};
  expect_near(evaluate([](auto v) { return sum(v[0]); }, x), {24});
  expect_near(evaluate([](auto v) { return mean(v[0]); }, x), {4});
  expect_near(evaluate([](auto v) { return sum_batch(v[0]); }, x), {5, 7, 12});
  expect_near(evaluate([](auto v) { return mean_batch(v[0]); }, x), {2.5, 3.5, 6});
  expect_near(evaluate([](auto v) { return sum_features(v[0]); }, x), {6, 18});
  expect_near(evaluate([](auto v) { return mean_features(v[0]); }, x), {2, 6});
}

// A million times 0.1: one running sum in float gives 100,958.
TEST(Reduce, LongSumsInFloatKeepTheirDigits) {
  Graph g;
  const Var x = g.input("x", {1000}), total = sum(x);
  ThreadPool two(2);
  Tape<float> tape(g, {.rows = 1000}), threaded(g, {.rows = 1000, .pool = &two});
  for (Tape<float>* t : {&tape, &threaded}) {
    std::fill(t->input(x).begin(), t->input(x).end(), 0.1f);
    t->forward();
  }
  EXPECT_NEAR(tape.value(total)[0], 1e5, 0.5);
  EXPECT_EQ(tape.value(total)[0], threaded.value(total)[0]);
}

TEST(WeightedMean, Gradient) {
  const auto weighted = [](Var x, Var w) { return weighted_mean(x, w); };
  check(weighted, {{7}, Argument({7}).in(0.5, 2)});
  check(weighted, {Argument({3, 2}).in(0.5, 2), Argument({3, 2}).in(0.5, 2)},
        {.allow_zero = true});  // mean of w weighted by w, where all weights may be one Var
}

TEST(WeightedMean, ByHand) {
  const auto weighted = [](auto v) { return weighted_mean(v[0], v[1]); };
  expect_near(evaluate(weighted, {{{}, {1, 2, 6}}, {{}, {1, 2, 1}}}), {2.75});
  expect_near(evaluate(weighted, {{{}, {1, 2, 6}}, {{}, {0, 0, 3}}}), {6});
}

TEST(WeightedMean, IsZeroWithoutWeight) {
  Graph g;
  const Var x = g.input("x"), w = g.input("w"), y = weighted_mean(x, w);
  Tape<float> tape(g, {.rows = 2});
  tape.set(x, {3, 4});
  tape.set(w, {0, 0});
  tape.forward();
  tape.backward(y);
  EXPECT_EQ(tape.value(y)[0], 0);
  for (const Var& v : {x, w})
    for (const float d : tape.grad(v)) EXPECT_EQ(d, 0);
}

}  // namespace
}  // namespace chainrule::testing
