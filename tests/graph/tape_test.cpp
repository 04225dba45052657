#include "chainrule/graph/tape.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "chainrule/ops/affine.h"
#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/log.h"
#include "chainrule/ops/relu.h"

namespace chainrule {
namespace {

template <class F>
std::string sentence(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

bool says(const std::string& text, const char* part) { return text.find(part) != text.npos; }

TEST(Tape, TermsOfAGradientSumToIt) {
  // x is used three times: x * x + 3 x; the derivative is 2 x + 3, in terms x, x and 3.
  Graph g;
  Var x = g.input("x");
  Var y = x * x + 3 * x;
  Tape<double> tape(g, {.rows = 2});
  tape.set(x, {4, -1});
  tape.forward(), tape.backward(y);
  EXPECT_EQ(tape.grad(x)[0], 11);
  EXPECT_EQ(tape.grad(x)[1], 1);
  const auto terms = tape.contributions(x);
  ASSERT_EQ(terms.size(), 3u);
  double sum = 0;
  for (const auto& term : terms) sum += term.amount[0];
  EXPECT_EQ(sum, 11);
  // Looking changes nothing.
  EXPECT_EQ(tape.grad(x)[0], 11);
}

TEST(Tape, GradientOfAnotherStartForgetsTheFirst) {
  Graph g;
  Var x = g.input("x"), y = g.input("y");
  Var a = x * 2, b = y * 3;
  Tape<double> tape(g);
  tape.set(x, 1), tape.set(y, 1);
  tape.forward();
  tape.backward(a);
  EXPECT_EQ(tape.grad(x), 2);
  EXPECT_EQ(tape.grad(y), 0);
  tape.backward(b);
  EXPECT_EQ(tape.grad(x), 0);
  EXPECT_EQ(tape.grad(y), 3);
}

TEST(Tape, ParametersThatTheLossDoesNotReachGetZero) {
  Graph g;
  Var x = g.input("x", {2});
  Var w = g.param("w", {2, 1}), unused = g.param("unused", {2, 1});
  Var y = affine(x, w);
  affine(x, unused);
  Params<double> params(g);
  Tape<double> tape(params);
  tape.set(x, {5, 7});
  tape.forward(), tape.backward(y);
  EXPECT_EQ(tape.grad(w)[1], 7);
  EXPECT_EQ(tape.grad(unused)[1], 0);
}

TEST(Tape, GradientsOfParametersLieWhereTheyWereAskedFor) {
  Graph g;
  Var x = g.input("x", {2});
  Var w = g.param("w", {2, 1}), b = g.param("b", {1});
  Var y = affine(x, w, b);
  Params<double> params(g);
  const Buffer<double> memory(std::ssize(params.trainable()));
  Tape<double> tape(params, {.param_grads = std::as_writable_bytes(memory.span())});
  tape.set(x, {5, 7});
  tape.forward(), tape.backward(y);
  EXPECT_EQ(tape.param_grads().data(), memory.data());
  EXPECT_EQ(memory[params.offset(0) + 1], 7);
  EXPECT_EQ(memory[params.offset(1)], 1);
  const auto part = std::as_writable_bytes(memory.span()).first(8);
  EXPECT_EQ(sentence([&] { Tape<double> t(params, {.param_grads = part}); }),
            "8 bytes for the gradients of 32 parameters");
}

TEST(Tape, FindsWhereInfinityBegins) {
  Graph g;
  Var x = g.input("x");
  Var h = x + 0.0;
  Var y = log(h);
  Tape<double> tape(g);
  tape.set(x, 0);
  tape.forward();
  const auto found = tape.find_nonfinite();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->node, y);
  EXPECT_FALSE(found->in_gradient);
}

TEST(Tape, ErrorsAreSentences) {
  Graph g;
  Var x = g.input("x", {3}), c = g.class_input("c", 4);
  Var y = relu(x);
  Tape<double> tape(g, {.rows = 2});
  EXPECT_TRUE(says(sentence([&] { tape.set(x, {1, 2}); }), "got 2 values, 2 rows"));
  EXPECT_TRUE(says(sentence([&] { tape.set(c, {1, 4}); }), "class 4 in row 1"));
  EXPECT_TRUE(says(sentence([&] { tape.set(c, {-1, 0}); }), "whole number from 0 to 3"));
  EXPECT_TRUE(says(sentence([&] { tape.set_rows(3); }), "a batch of 3 rows"));
  EXPECT_TRUE(says(sentence([&] { tape.set_rows(0); }), "a batch of 0 rows"));
  const double one[] = {1};
  EXPECT_TRUE(
      says(sentence([&] { tape.backward(y, std::span<const double>(one)); }), "expected 6"));
  EXPECT_TRUE(says(sentence([&] { Tape<double> t(g, {.rows = 0}); }), "at least 1"));
}

TEST(Graph, ErrorsNameTheOperationTheShapesAndTheLine) {
  Graph g, other;
  Var x = g.input("x", {50}), w = g.param("w", {64, 10});
  const std::string wrong = sentence([&] { affine(x, w); });
  EXPECT_TRUE(says(wrong, "[affine \"affine1\"] input has 50 features, weight expects 64"));
  EXPECT_TRUE(says(wrong, "(tape_test.cpp:"));
  EXPECT_TRUE(says(sentence([&] { g.input("x"); }), "the name 'x' is used twice"));
  EXPECT_TRUE(says(sentence([&] { g.find("xx"); }), "did you mean 'x'"));
  EXPECT_TRUE(says(sentence([&] { x + other.input("z", {50}); }), "belongs to another graph"));
  EXPECT_TRUE(says(sentence([&] { relu(Var()); }), "empty"));
  EXPECT_TRUE(says(sentence([&] { g.class_input("k", 0); }), "expected at least 1"));
  EXPECT_TRUE(says(sentence([&] { Tape<double> t(g); }), "from its Params"));
  EXPECT_TRUE(says(sentence([&] { g.constant({2}, {1}); }), "expects 2"));
}

TEST(Shape, LimitsAndText) {
  EXPECT_EQ(Shape({28, 28}).with_batch(true).str(), "[B, 28, 28]");
  EXPECT_EQ(Shape().str(), "[]");
  EXPECT_EQ(Shape({3, 4}).size(), 12);
  EXPECT_THROW(Shape({0}), ShapeError);
  EXPECT_EQ(Shape({1, 1, 1, 1, 1, 2}).size(), 2);
  EXPECT_THROW(Shape({1, 1, 1, 1, 1, 1, 1}), ShapeError);
  EXPECT_THROW(Shape({Index{1} << 39, 4}), ShapeError);
}

TEST(Params, SameSeedSameValuesInFloatAndDouble) {
  Graph g;
  const Initializer draw = [](std::span<double> v, const Shape&, Random& r) {
    for (double& x : v) x = r.normal();
  };
  g.param("a", {3}, {.init = draw});
  g.param("mean", {3}, {.init = draw, .trainable = false});
  g.param("b", {20}, {.init = draw});
  Params<double> d(g, 4);
  Params<float> f(g, 4);
  Params<double> others(g, 5);
  EXPECT_EQ(d.trainable_count(), 23);
  EXPECT_EQ(static_cast<float>(d["b"][19]), f["b"][19]);
  EXPECT_NE(d["a"][0], others["a"][0]);
  EXPECT_NE(d["a"][0], d["b"][0]);
  EXPECT_GE(d["mean"].data(), d.trainable().data() + d.trainable().size());
}

std::string why_not(auto f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(Tape, AVarThatIsNotOfItsRunIsASentence) {
  Graph g;
  const Var x = g.input("x", {3});
  const Var y = relu(x);
  Tape<double> tape(g);
  // Many nodes, so that whatever holds them grows.
  Var late = y;
  for (int i = 0; i < 1000; ++i) late = relu(late);
  tape.set(x, {-1, 2, 3});
  tape.forward(), tape.backward(y);
  EXPECT_EQ(tape.value(y)[1], 2);
  EXPECT_EQ(tape.grad(x)[0], 0);
  EXPECT_TRUE(why_not([&] { tape.value(late); })
                  .starts_with("'relu1001' was recorded after the memory for this run was planned; "
                               "make it anew (tape_test.cpp:"));
  EXPECT_TRUE(why_not([&] { tape.backward(late); }).starts_with("'relu1001' was recorded after"));

  Graph other;
  const Var z = other.input("z", {3});
  EXPECT_EQ(why_not([&] { tape.value(z); }),
            "'z' belongs to another graph than the one that is run");
  EXPECT_EQ(why_not([&] { tape.set(z, 1); }),
            "'z' belongs to another graph than the one that is run");
  EXPECT_TRUE(why_not([&] { add(x, z); }).find("belongs to another graph") != std::string::npos);

  Var gone;
  {
    Graph dead;
    gone = dead.input("w", {3});
  }
  EXPECT_EQ(why_not([&] { tape.value(gone); }), "a Var was used whose graph is gone");
  EXPECT_EQ(why_not([&] { relu(gone); }), "a Var was used whose graph is gone");
  EXPECT_EQ(why_not([&] { tape.value(Var()); }),
            "an empty Var was used, expected a node of this graph");
}

TEST(Graph, ACloneKnowsTheVarsThatItWasMadeFrom) {
  Graph g;
  const Var x = g.input("x", {3});
  const Var y = relu(x);
  const std::unique_ptr<Graph> clone = g.clone();
  const Var younger = relu(y);
  clone->seal();
  Tape<double> tape(*clone);
  tape.set(x, {-1, 2, 3});
  tape.forward();
  EXPECT_EQ(tape.value(y)[2], 3);
  EXPECT_THROW(tape.value(younger), Error);
  EXPECT_TRUE(why_not([&] {
                relu(clone->var(y.id()));
              }).starts_with("nothing can be added to the graph of a model"));
}

}  // namespace
}  // namespace chainrule
