#include "chainrule/io/int8.h"

#include <algorithm>
#include <cmath>

#include "chainrule/core/random.h"
#include "chainrule/graph/tape.h"
#include "chainrule/io/c_code.h"
#include "tests/data/errors.h"
#include "tests/io/c_compiler.h"

namespace chainrule {
namespace {

using testing::CompiledC;
using testing::expect_error;

std::vector<float> uniform_rows(Index count) {
  Random random(9, 0);
  std::vector<float> x(static_cast<std::size_t>(count));
  for (float& v : x) v = static_cast<float>(random.uniform(-1, 2));
  return x;
}

/// Largest distance from the model in float, as a part of its largest output.
double distance(const Model& model, const Int8Network& net, std::span<const float> x) {
  const Tensor<float> y = net.run(x);
  Tape<float> tape(model.params(), {.rows = y.rows(), .outputs = {model.output()}});
  tape.set(model.input(), x);
  tape.forward();
  double most = 0, scale = 0;
  for (Index i = 0; i < y.size(); ++i) {
    const double expected = static_cast<double>(tape.value(model.output())[i]);
    most = std::max(most, std::abs(static_cast<double>(y[i]) - expected));
    scale = std::max(scale, std::abs(expected));
  }
  return most / scale;
}

void scramble_some(Model& model) {
  Random random(3, 0);
  for (int i = 0; i < model.params().count(); ++i)
    for (float& v : model.params()[i].span()) v += static_cast<float>(random.uniform(0.01, 0.3));
}

TEST(Int8, IsNearTheModelAndTheCFileGivesItsBits) {
  for (const char* text :
       {"linear 16, relu, linear 12, relu, linear 3", "linear 9, tanh, linear 8, silu, linear 3",
        "linear 9, batch_norm, relu, linear 8, relu, batch_norm, dropout 0.2, linear 3",
        "batch_norm, linear 9 bias=false, bias, leaky_relu 0.1, relu, linear 3, sigmoid",
        "linear 5, linear 4, bias, linear 3, softmax", "layer_norm, linear 3, layer_norm",
        "linear 3"}) {
    Model model(text, {6}, {.loss = "squared_error", .seed = 2});
    scramble_some(model);
    const std::vector<float> x = uniform_rows(6 * 50);
    const Int8Network net(model, x);
    EXPECT_EQ(net.calibration_rows(), 50);
    EXPECT_LT(distance(model, net, x), 0.06) << text;

    const CompiledC c(c_code(model, {.int8 = &net}).text);
    const Tensor<float> y = net.run(x);
    auto* predict = c.find<void(const float*, float*)>("model_predict");
    ASSERT_NE(predict, nullptr);
    for (Index r = 0; r < y.rows(); ++r) {
      float out[3];
      predict(x.data() + r * 6, out);
      for (Index o = 0; o < 3; ++o) EXPECT_NEAR(out[o], y(r, o), 1e-5) << text;
    }
  }
}

TEST(Int8, QuantisesByHand) {
  const Int8Scale s{0.5F, -3};
  EXPECT_EQ(s.quantise(0), -3);
  EXPECT_EQ(s.quantise(1), -1);
  EXPECT_EQ(s.quantise(1.2F), -1);
  EXPECT_EQ(s.quantise(1000), 127);
  EXPECT_EQ(s.quantise(-1000), -128);
  EXPECT_EQ(s.quantise(std::nanf("")), -128);

  // x from 0 to 255 has scale 1 and zero -128; weights 127 and -64 have scale 1.
  Model model("linear 1", {2}, {.loss = "squared_error"});
  model.params()["fc1.weight"][0] = 127, model.params()["fc1.weight"][1] = -64;
  model.params()["fc1.bias"][0] = 10;
  const Int8Network net(model, std::vector<float>{0, 255});
  ASSERT_EQ(net.layers().size(), 1U);
  const Int8Layer& l = net.layers()[0];
  EXPECT_EQ(net.input().scale, 1);
  EXPECT_EQ(net.input().zero, -128);
  EXPECT_EQ(l.weight, (std::vector<std::int8_t>{127, -64}));
  EXPECT_EQ(l.bias[0], 10 + 128 * (127 - 64));
  EXPECT_EQ(net.run(std::vector<float>{3, 2})[0], 127 * 3 - 64 * 2 + 10);
}

TEST(Int8, ExtremeParametersStayInRange) {
  Model model("linear 3, relu, linear 2", {2}, {.loss = "squared_error"});
  for (float& v : model.params()["fc1.weight"].span()) v = 0;
  model.params()["fc1.bias"][0] = 1e20F, model.params()["fc1.bias"][1] = 1e-30F;
  for (float& v : model.params()["fc2.weight"].span()) v = 1e-10F;
  const std::vector<float> x = {0, 1e-20F, 1, 1e10F};
  const Tensor<float> y = Int8Network(model, x).run(x);
  for (const float v : y.span()) EXPECT_TRUE(std::isfinite(v));
  EXPECT_NEAR(y[0], 1e10, 1e8);
}

TEST(Int8, RefusesInOneSentence) {
  const std::vector<float> x = uniform_rows(8);
  expect_error<Error>([&] { Int8Network(Model("relu, bias", {2}), x); }, "no linear layer");
  expect_error<Error>([&] { Int8Network(Model("linear 2, layer_norm, linear 2", {2}), x); },
                      "'ln1' (layer_norm)");
  expect_error<Error>(
      [&] { Int8Network(Model("linear 2, relu, batch_norm, relu, linear 2", {2}), x); },
      "'relu2' (relu)");
  expect_error<DataError>([&] { Int8Network(Model("linear 2", {3}), x); }, "rows of 3");
  expect_error<DataError>([&] { Int8Network(Model("linear 2", {2}), {}); }, "rows of 2");
}

}  // namespace
}  // namespace chainrule
