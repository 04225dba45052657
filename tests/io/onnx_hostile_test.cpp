// ONNX files that claim what is not so: one sentence each, no crash, little memory.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>

#include "chainrule/core/random.h"
#include "chainrule/io/onnx_export.h"
#include "chainrule/io/onnx_import.h"

namespace chainrule {
namespace {

class OnnxHostile : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!onnx::available()) GTEST_SKIP() << "built without protozero";
  }
  static onnx::File good() {
    return to_onnx(Model("linear 3, batch_norm, gelu, dropout 0.5, linear 2, softmax", {4},
                         {.loss = "categorical_cross_entropy"}));
  }
  static std::string refusal(const std::string& bytes) {
    try {
      from_onnx(onnx::decode(std::as_bytes(std::span(bytes)), "m.onnx"), "m.onnx");
    } catch (const DataError& e) {
      const std::string text = e.what();
      EXPECT_LT(text.size(), 400U);
      EXPECT_EQ(text.find('\n'), text.npos) << text;
      return text;
    }
    return "";
  }
  static void expect(const std::function<void(onnx::File&)>& change, const char* says) {
    onnx::File file = good();
    file.metadata.clear();
    change(file);
    const std::string text = refusal(onnx::encode(file));
    EXPECT_NE(text.find(says), std::string::npos) << says << "\ngot: " << text;
  }
};

TEST_F(OnnxHostile, OwnFilesComeBackWithWhatTheyAre) {
  Model model("linear 3, batch_norm, gelu, dropout 0.5, linear 2, softmax", {4},
              {.loss = "categorical_cross_entropy", .seed = 2, .l2 = {{"*.weight", 0.25}}});
  model.schema.labels = {"cat", "dog"};
  model.schema.targets = {{.name = "animal"}};
  const Model back = from_onnx(to_onnx(model), "m.onnx");
  EXPECT_EQ(back.text(), model.text());
  EXPECT_EQ(back.schema.labels, model.schema.labels);
  EXPECT_EQ(back.options().l2, model.options().l2);
  EXPECT_EQ(back.schema.targets[0].name, "animal");
  EXPECT_TRUE(std::ranges::equal(back.params().all(), model.params().all()));
  EXPECT_EQ(from_onnx(to_onnx(model), "m.onnx", {.loss = "squared_error"}).options().loss,
            "squared_error");
}

TEST_F(OnnxHostile, MetadataDoNotOverruleTheGraph) {
  onnx::File file = good();
  file.metadata["model"] = "linear 3, batch_norm, relu, dropout 0.5, linear 2, softmax";
  EXPECT_EQ(from_onnx(file, "m.onnx").text(), "linear 3, batch_norm, gelu, linear 2, softmax");
}

TEST_F(OnnxHostile, RefusesByNodeAndOperator) {
  expect([](auto& f) { f.nodes[1].op = "Conv"; }, "has the node 'bn1/BatchNormalization' (Conv)");
  expect([](auto& f) { f.nodes[1].domain = "com.example"; }, "of the domain 'com.example'");
  expect([](auto& f) { f.opset = 99; }, "operator set 99");
  expect([](auto& f) { f.outputs.clear(); }, "has no outputs");
  expect([](auto& f) { f.inputs.push_back({.name = "z", .type = 1, .axes = {}}); },
         "input 'z' of 0 axes");
  expect([](auto& f) { f.inputs[0].type = 7; }, "of INT64, expected a floating-point type");
  expect([](auto& f) { f.inputs[0].axes[1].symbol = "n"; }, "no fixed length");
  expect([](auto& f) { f.inputs[0].axes[1].size = Index{1} << 60; }, "size that cannot be");
  expect([](auto& f) { f.inputs[0].axes[1].size = -3; }, "no fixed length");
  expect([](auto& f) { f.inputs[0].axes[1].size = 5; }, "5 features, weight expects 4");
  expect([](auto& f) { f.nodes.back().attributes[0].value = std::int64_t{0}; }, "along the axis 0");
  expect([](auto& f) { f.nodes[0].inputs[1] = f.nodes[0].inputs[0]; }, "whose weight is computed");
}

TEST_F(OnnxHostile, RefusesGraphsThatAreNone) {
  expect([](auto& f) { f.nodes[0].inputs[0] = f.nodes[2].outputs[0]; },
         "no node before it computes");
  expect([](auto& f) { f.nodes[0].inputs[0] = f.nodes[0].outputs[0]; },
         "no node before it computes");
  expect([](auto& f) { f.nodes[1].outputs[0] = f.nodes[0].outputs[0]; }, "twice");
  expect([](auto& f) { f.outputs[0].name = "nowhere"; }, "that no node computes");
  expect([](auto& f) { f.outputs[0].name = f.tensors[0].name; }, "depends on no input");
  expect([](auto& f) { f.outputs[0].name = f.inputs[0].name; }, "that no operation computes");
  expect([](auto& f) { f.tensors.push_back(f.tensors[0]); }, "two initializers");
  expect([](auto& f) { f.nodes[0].name = std::string("a\0b", 3); }, "zero byte");
  expect([](auto& f) { f.nodes[0].name = std::string(2000, 'x'); }, "name of 2000 bytes");
}

TEST_F(OnnxHostile, RefusesTensorsThatAreNone) {
  expect([](auto& f) { f.tensors[0].dims[0] = Index{1} << 60; },
         "with a dimension of 1152921504606846976");
  expect([](auto& f) { f.tensors[0].dims = {Index{1} << 32, Index{1} << 32}; }, "with a dimension");
  expect([](auto& f) { f.tensors[0].dims[0] = -1; }, "with a dimension of -1");
  expect([](auto& f) { f.tensors[0].dims[0] = 0; }, "not what its dimensions need");
  expect([](auto& f) { f.tensors[0].dims = {4, 0}, f.tensors[0].bytes.clear(); }, "length 0");
  expect([](auto& f) { f.tensors[0].dims.assign(40, 1); }, "more than 16 axes");
  expect([](auto& f) { f.tensors[0].bytes.pop_back(); }, "its values are 47 bytes");
  expect([](auto& f) { f.tensors[0].type = static_cast<onnx::Type>(12); }, "of UINT32, expected");
  expect(
      [](auto& f) {
        const float nan = NAN;
        std::memcpy(f.tensors[0].bytes.data(), &nan, sizeof nan);
      },
      "expected a finite number in each place");
}

TEST_F(OnnxHostile, ExternalDataAreRefused) {
  // TensorProto with name "w", type FLOAT and data_location EXTERNAL, as an initializer of a graph.
  const std::string tensor{"\x10\x01\x42\x01w\x70\x01", 7};
  const std::string graph = "\x2a\x07" + tensor;
  const std::string file = std::string("\x08\x08\x3a\x09", 4) + graph;
  EXPECT_NE(refusal(file).find("in another file"), std::string::npos) << refusal(file);
}

/// A layer that is used over and over has its values once, and factors are not multiplied out.
TEST_F(OnnxHostile, SmallFilesStaySmall) {
  onnx::File f = good();
  f.metadata.clear();
  const Index n = 60;
  f.tensors = {{"w", onnx::Type::f32, {n, n}, std::vector<std::byte>(n * n * 4)}};
  f.inputs[0].axes[1].size = n;
  f.nodes.clear();
  std::string from = f.inputs[0].name;
  for (int i = 0; i < 900; ++i) {
    const std::string to = cat("v", i);
    const std::vector<std::string> inputs{from, i % 2 == 0 ? "w" : from};
    f.nodes.push_back({.op = i % 2 == 0 ? "MatMul" : "Mul",
                       .name = cat("n", i),
                       .domain = "",
                       .inputs = inputs,
                       .outputs = {to},
                       .attributes = {}});
    from = to;
  }
  f.outputs[0].name = from;
  const Model model = from_onnx(f, "m.onnx");
  EXPECT_EQ(model.params().count(), 1);
  EXPECT_EQ(model.params().trainable_count(), n * n);
}

/// Every truncation, and bytes changed at random: a model or a sentence.
TEST_F(OnnxHostile, MutationsEndInASentence) {
  const std::string bytes = onnx::encode(good());
  for (std::size_t n = 0; n < bytes.size(); ++n) refusal(bytes.substr(0, n));
  Random random(11, 0);
  for (int i = 0; i < 3000; ++i) {
    std::string changed = bytes;
    const std::uint32_t count = 1 + random.below(4);
    for (std::uint32_t k = 0; k < count; ++k)
      changed[random.below(static_cast<std::uint32_t>(changed.size()))] =
          static_cast<char>(random.bits());
    refusal(changed);
  }
}

}  // namespace
}  // namespace chainrule
