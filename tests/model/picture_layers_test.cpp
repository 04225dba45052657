#include "chainrule/model/picture_layers.h"

#include <gtest/gtest.h>

#include "chainrule/check/gradcheck.h"
#include "chainrule/graph/op.h"
#include "chainrule/graph/tape.h"
#include "chainrule/model/model.h"

namespace chainrule {
namespace {

Model pictures(const std::string& text, const Shape& features, const Shape& picture = {}) {
  return Model(text, features, {.loss = "squared_error", .picture = picture});
}

std::string shape_of(const Model& m, const std::string& node) {
  return m.graph().find(node).shape().str();
}

TEST(PictureLayers, OfRowsWhosePictureIsKnown) {
  const Model m(
      "conv 8 5x5, relu, maxpool 2, conv 16 5x5, relu, maxpool 2, linear 64, relu, linear 10",
      {784}, {.seed = 1, .picture = {28, 28}});
  EXPECT_EQ(
      m.text(),
      "conv 8 5x5, relu, maxpool 2, conv 16 5x5, relu, maxpool 2, linear 64, relu, linear 10");
  EXPECT_EQ(shape_of(m, "x"), "[B, 784]");
  EXPECT_EQ(shape_of(m, "conv1"), "[B, 24, 24, 8]");
  EXPECT_EQ(shape_of(m, "maxpool1"), "[B, 12, 12, 8]");
  EXPECT_EQ(shape_of(m, "conv2"), "[B, 8, 8, 16]");
  EXPECT_EQ(shape_of(m, "maxpool2"), "[B, 4, 4, 16]");
  EXPECT_EQ(shape_of(m, "fc1.weight"), "[256, 64]");
  EXPECT_EQ(m.outputs(), 10);
  EXPECT_EQ(m.params().trainable_count(), 208 + 3216 + 256 * 64 + 64 + 650);
  // He before relu: variance 2 / fan-in.
  const View<float> w = m.params()["conv2.weight"];
  double squares = 0;
  for (const float v : w) squares += double{v} * double{v};
  EXPECT_NEAR(squares / static_cast<double>(w.size()), 2.0 / 200, 0.1 * 2.0 / 200);
}

TEST(PictureLayers, OthersSeeTheFlatRow) {
  const Model m = pictures("linear 3", {12}, {2, 2, 3});
  EXPECT_EQ(m.graph().node(m.output()).inputs[0], m.graph().number(m.input()));
}

TEST(PictureLayers, Settings) {
  const Model m = pictures(
      "conv 6 3x2 stride=2x1 pad=1x0 dilation=1x2 groups=3 bias=false, avgpool 2x1 stride=1 "
      "pad=1x0",
      {192}, {8, 8, 3});
  EXPECT_EQ(shape_of(m, "conv1"), "[B, 4, 6, 6]");
  EXPECT_EQ(shape_of(m, "conv1.weight"), "[3, 2, 1, 6]");
  EXPECT_EQ(shape_of(m, "avgpool1"), "[B, 5, 6, 6]");
  EXPECT_FALSE(m.graph().has("conv1.bias"));
}

TEST(PictureLayers, InCanonicalForm) {
  for (const auto& [text, canonical] : std::initializer_list<std::pair<const char*, const char*>>{
           {"conv 3 5", "conv 3 5x5"},
           {"conv 3 size=1x2 stride=2x2 pad=same", "conv 3 1x2 stride=2 pad=same"},
           {"conv 3 3x3 pad=1x1 dilation=1 groups=1", "conv 3 3x3 pad=1"},
           {"maxpool 2x2 stride=size pad=0", "maxpool 2"},
           {"avgpool 3x2 stride=1", "avgpool 3x2 stride=1"}})
    EXPECT_EQ(pictures(text, {6, 6, 1}).text(), canonical);
}

TEST(PictureLayers, SameKeepsSizesForResiduals) {
  const Model m = pictures(
      "conv 6 3x3 pad=same, residual(conv 6 3x3 pad=same, batch_norm, relu, conv 6 2x4 pad=same), "
      "global_avgpool, linear 2",
      {7, 5, 2});
  EXPECT_EQ(shape_of(m, "residual1"), "[B, 7, 5, 6]");
  EXPECT_EQ(shape_of(m, "avgpool1"), "[B, 6]");
  EXPECT_EQ(shape_of(m, "bn1.weight"), "[6]");
}

TEST(PictureLayers, OfSeries) {
  const Model m = pictures("conv1d 5 3 stride=2 pad=same, relu, global_avgpool, linear 2", {9, 4});
  EXPECT_EQ(shape_of(m, "conv1"), "[B, 5, 5]");
  EXPECT_EQ(shape_of(m, "conv1.weight"), "[1, 3, 4, 5]");
  EXPECT_EQ(shape_of(m, "avgpool1"), "[B, 5]");
}

TEST(PictureLayers, PoolingIsNamedOnce) {
  for (const std::string_view name : layer_names()) EXPECT_FALSE(name.ends_with("pool2d")) << name;
  const Model m = pictures("maxpool 2, avgpool 1x3 stride=1x2 pad=0x1", {6, 6});
  EXPECT_EQ(m.graph().find("maxpool1").shape().str(), "[B, 3, 3, 1]");
  EXPECT_EQ(m.graph().find("avgpool1").shape().str(), "[B, 3, 2, 1]");
}

void expect_refused(const std::string& text, const Shape& features, const Shape& picture,
                    const std::string& why) {
  try {
    pictures(text, features, picture);
    ADD_FAILURE() << text << ": expected: " << why;
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(why), std::string::npos) << e.what();
  }
}

TEST(PictureLayers, ErrorsShowTheShapesOnTheWay) {
  expect_refused("conv 8 5x5, maxpool 2, conv 4 3x3", {81}, {9, 9},
                 "the window spans 3 rows, the input [B, 2, 2, 8] has 2");
  expect_refused(
      "conv 8 5x5, maxpool 2, conv 4 3x3", {81}, {9, 9},
      "at column 24 of the model; on the way: reshape1 [B, 9, 9, 1], conv1 [B, 5, 5, 8], "
      "maxpool1 [B, 2, 2, 8]\n");
  expect_refused("conv 8 5x5", {784}, {}, "the input is [B, 784], expected pictures");
  expect_refused("conv 8 5x5", {784}, {20, 20},
                 "pictures of [20, 20] have 400 numbers, a row has 784");
  expect_refused("linear 4, conv 8 5x5", {784}, {28, 28}, "the input is [B, 4], expected pictures");
  expect_refused("residual(conv 3 3x3)", {8, 8, 3}, {}, "[B, 8, 8, 3]");
  expect_refused("conv 8", {8, 8}, {}, "'conv' without size");
  expect_refused("conv 8 3x", {8, 8}, {}, "expected one or two numbers from 1 such as 3 or 3x2");
  expect_refused("conv 8 3 pad=sane", {8, 8}, {}, "from 0 such as 3 or 3x2, or 'same'");
  expect_refused("conv 2147483647 2147483647x2147483647", {8, 8, 3}, {}, "parameters");
  expect_refused("global_avgpool", {8}, {}, "expected pictures or series");
}

TEST(PictureLayers, GradientOfANetwork) {
  const Model m(
      "conv 3 3x3 pad=same, batch_norm, relu, residual(conv 3 3x3 pad=1, relu), maxpool 2, "
      "dropout 0.3 channels=true, avgpool 2 stride=1, linear 3",
      {25}, {.seed = 4, .picture = {5, 5}});
  Params<double> params(m.graph(), 4);
  const GradcheckReport report = gradcheck_model(params, m.loss(), 4, [&](Tape<double>& tape) {
    Random random(1, 0);
    for (double& v : tape.input(m.input())) v = random.uniform(-1, 1);
    for (Index i = 0; i < tape.rows(); ++i)
      tape.class_input(m.target())[i] = static_cast<std::int32_t>(i % 3);
    for (double& v : tape.input(m.weight())) v = 1;
  });
  EXPECT_TRUE(report) << report.failure;
}

}  // namespace
}  // namespace chainrule
