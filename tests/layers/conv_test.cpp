#include "chainrule/layers/conv.h"

#include <cmath>

#include "tests/check.h"

namespace chainrule::testing {
namespace {

TEST(ConvLayer, Gradient) {
  check(
      [](Var x) {
        return Conv{.filters = 2, .kernel = {3, 2}, .same = true}(x, "c");
      },
      {{2, 3, 4, 2}});
  check(
      [](Var x) {
        return Conv{.filters = 3, .kernel = {2, 2}, .bias = false}(x, "c");
      },
      {{2, 3, 3}});
  check([](Var x) { return Conv1d{.filters = 2, .kernel = 3, .stride = 2, .before = 1}(x, "c"); },
        {{2, 6, 3}});
}

TEST(ConvLayer, NamesAndShapes) {
  Graph g;
  const Var y = Conv{.filters = 16, .kernel = {5, 3}, .options = {.stride = {2, 2}}}(
      g.input("x", {28, 28, 4}), "conv1");
  EXPECT_EQ(y.name(), "conv1");
  EXPECT_EQ(y.shape().str(), "[B, 12, 13, 16]");
  const Node &w = g.node(g.find("conv1.weight")), &b = g.node(g.find("conv1.bias"));
  EXPECT_EQ(w.shape.str(), "[5, 3, 4, 16]");
  EXPECT_EQ(w.param_options.file_layout, FileLayout::transposed);
  EXPECT_EQ(b.shape.str(), "[16]");
  Params<double> params(g, 3);
  for (const double v : params["conv1.bias"]) EXPECT_EQ(v, 0);
  double greatest = 0;
  for (const double v : params["conv1.weight"]) greatest = std::max(greatest, std::abs(v));
  EXPECT_NEAR(greatest, std::sqrt(6.0 / (60 + 16)), 1e-2);  // Glorot

  const Var z = Conv1d{.filters = 7, .kernel = 4, .stride = 3, .same = true, .bias = false}(
      g.input("series", {10, 2}), "conv2");
  EXPECT_EQ(z.name(), "conv2");
  EXPECT_EQ(z.shape().str(), "[B, 4, 7]");
  EXPECT_EQ(g.node(g.find("conv2.weight")).shape.str(), "[1, 4, 2, 7]");
  EXPECT_FALSE(g.has("conv2.bias"));
}

// As TensorFlow and ONNX (SAME_UPPER): ceil(length / stride) places, the greater half after.
TEST(ConvLayer, SamePadding) {
  using Padding = std::array<Index, 2>;
  EXPECT_EQ(same_padding(28, 3, 1, 1), (Padding{1, 1}));
  EXPECT_EQ(same_padding(28, 4, 1, 1), (Padding{1, 2}));
  EXPECT_EQ(same_padding(28, 3, 2, 1), (Padding{0, 1}));
  EXPECT_EQ(same_padding(7, 3, 2, 2), (Padding{2, 2}));
  EXPECT_EQ(same_padding(8, 1, 4, 1), (Padding{0, 0}));
}

// Series 1 2 3 4 in one channel, the filter 10 1: x(t) * 10 + x(t + 1).
TEST(ConvLayer, SeriesByHand) {
  const auto init = [](std::span<double> values, const Shape&, Random&) {
    values[0] = 10, values[1] = 1;
  };
  expect_near(evaluate(
                  [&](auto v) {
                    return Conv1d{.filters = 1, .kernel = 2, .init = Initializer(init)}(v[0], "c");
                  },
                  {{{4, 1}, {1, 2, 3, 4}}}),
              {12, 23, 34});
}

TEST(ConvLayer, Mistakes) {
  Graph g;
  const Var x = g.input("x", {4, 4, 3}), flat = g.input("flat", {48});
  EXPECT_THROW((Conv{.filters = 0}(x, "a")), ShapeError);
  EXPECT_THROW((Conv{.filters = 1}(flat, "b")), ShapeError);
  EXPECT_THROW((Conv{.filters = 2, .options = {.groups = 2}}(x, "c")), ShapeError);
  EXPECT_THROW((Conv{.filters = 2, .options = {.stride = {0, 1}}, .same = true}(x, "d")),
               ShapeError);
  EXPECT_THROW((Conv1d{.filters = 2}(x, "e")), ShapeError);
  EXPECT_THROW((Conv{.filters = 1}(Var(), "f")), Error);
}

}  // namespace
}  // namespace chainrule::testing
