#include "chainrule/layers/linear.h"

#include "chainrule/layers/init.h"
#include "tests/check.h"

namespace chainrule::testing {
namespace {

TEST(LinearLayer, Gradient) {
  check([](Var x) { return Linear{.out = 3}(x, "fc1"); }, {{4, 5}});
  check([](Var x) { return Linear{.out = 1, .bias = false}(x, "fc1"); }, {{1, 1}});
  check([](Var x) { return Linear{.out = 2}(x, "fc1"); }, {{2, 3, 4}});
}

TEST(LinearLayer, ByHand) {
  // x = (1, 2), w all 0.5, b starts at 0: each output is 1.5.
  const auto layer = [](auto v) {
    return Linear{.out = 2, .init = init::constant(0.5)}(v[0], "fc1");
  };
  expect_near(evaluate(layer, {{{2}, {1, 2}}}), {1.5, 1.5});
}

TEST(LinearLayer, NamesAndShapes) {
  Graph g;
  const Var y = Linear{.out = 50}(g.input("x", {784}), "fc1");
  EXPECT_EQ(y.name(), "fc1");
  EXPECT_EQ(y.shape().str(), "[B, 50]");
  ASSERT_EQ(g.params().size(), 2u);
  const Node &w = g.node(g.find("fc1.weight")), &b = g.node(g.find("fc1.bias"));
  EXPECT_EQ(w.shape.str(), "[784, 50]");
  EXPECT_EQ(w.param_options.file_layout, FileLayout::transposed);
  EXPECT_EQ(b.shape.str(), "[50]");
  Params<double> params(g, 3);
  for (const double v : params["fc1.bias"]) EXPECT_EQ(v, 0);
  double greatest = 0;
  for (const double v : params["fc1.weight"]) greatest = std::max(greatest, std::abs(v));
  EXPECT_NEAR(greatest, 0.0848, 1e-3);  // Glorot: sqrt(6 / 834)

  Linear{.out = 1, .bias = false}(y, "fc2");
  EXPECT_EQ(g.params().size(), 3u);
}

TEST(LinearLayer, Mistakes) {
  Graph g;
  const Var x = g.input("x", {2});
  EXPECT_THROW(Linear{.out = 0}(x, "a"), ShapeError);
  EXPECT_THROW(Linear{.out = 1}(Var(), "b"), Error);
  Linear{.out = 1}(x, "c");
  EXPECT_THROW(Linear{.out = 1}(x, "c"), Error);
}

}  // namespace
}  // namespace chainrule::testing
