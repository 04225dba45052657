// Convolutional networks of PyTorch as ONNX: read, trained further, written and read again.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>

#include "chainrule/data/digits.h"
#include "chainrule/data/npy.h"
#include "chainrule/io/onnx_export.h"
#include "chainrule/io/onnx_import.h"
#include "chainrule/train/evaluate.h"
#include "chainrule/train/fit.h"
#include "tests/io/outside.h"

namespace chainrule {
namespace {

class TorchPictures : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new testing::TestFolder;
    result_ = testing::run_python("torch_pictures.py", folder_->path().string());
  }
  static void TearDownTestSuite() { delete folder_; }
  void SetUp() override {
    if (!onnx::available()) GTEST_SKIP() << "built without protozero";
    if (result_.code == 77) GTEST_SKIP() << result_.out;
    ASSERT_EQ(result_.code, 0) << result_.out;
  }

  static std::string path(const std::string& name) { return *folder_ / name; }

  /// The greatest difference between what network `i` computes here and in PyTorch.
  static double difference(const Model& model, int i) {
    const std::vector<float> x = data::read_npy(path(cat(i, "_x.npy"))).as<float>(),
                             expected = data::read_npy(path(cat(i, "_y.npy"))).as<float>();
    const Index rows = static_cast<Index>(x.size()) / model.features().size();
    Tape<float> tape(model.params(), {.rows = rows, .outputs = {model.output()}});
    tape.set(model.input(), std::span<const float>(x));
    tape.forward();
    const auto y = tape.value(model.output()).span();
    if (y.size() != expected.size()) return INFINITY;
    double worst = 0;
    for (std::size_t k = 0; k < y.size(); ++k) {
      const double d = std::abs(static_cast<double>(y[k]) - static_cast<double>(expected[k]));
      if (!(d <= worst)) worst = d;
    }
    return worst;
  }

  inline static testing::TestFolder* folder_ = nullptr;
  inline static testing::OutsideResult result_;
};

TEST_F(TorchPictures, AgreeInBothDirections) {
  for (int i = 1; i <= 3; ++i) {
    SCOPED_TRACE(i);
    const Model model = import_onnx(path(cat(i, ".onnx")));
    const double d = difference(model, i);
    EXPECT_LE(d, 1e-5);
    const std::string again = path(cat(i, "_again.onnx"));
    std::ofstream(again, std::ios::binary) << onnx::encode(to_onnx(model));
    const double back = difference(import_onnx(again), i);
    EXPECT_LE(back, 1e-5);
    std::cout << "network " << i << ": the largest difference is " << d << ", after the way back "
              << back << '\n';
  }
}

/// From one convolution to the next nothing changes the order of the axes.
TEST_F(TorchPictures, AxesMoveOnlyAtTheEnds) {
  const Model model = import_onnx(path("2.onnx"));
  int moves = 0;
  for (int id = 0; id < model.graph().size(); ++id)
    if (const Node& node = model.graph().node(id); node.op)
      moves += node.op->doc().name == "permute";
  EXPECT_EQ(moves, 1);
  int transposes = 0;
  for (const onnx::Node& node : to_onnx(model).nodes) transposes += node.op == "Transpose";
  EXPECT_EQ(transposes, 3) << "what comes in, there and back, and the means that go out";
}

TEST_F(TorchPictures, TrainOn) {
  Model model = import_onnx(path("1.onnx"));
  Splits data = data::digits({.train = 300, .test = 100});
  for (Dataset* d : {&data.train, &data.validation, &data.test}) d->features = model.features();
  const double before = evaluate(model, data.train).loss;
  fit(model, data, {.epochs = 8, .batch = 50});
  const double after = evaluate(model, data.train).loss;
  EXPECT_LT(after, 0.7 * before);
  model.save(path("trained.safetensors"));
  EXPECT_EQ(evaluate(Model::load(path("trained.safetensors")), data.train).loss, after);
}

/// What a window may not be is refused by name.
TEST_F(TorchPictures, Refusals) {
  const auto refused = [&](const std::string& op, const onnx::Attribute& attribute,
                           const std::string& why) {
    onnx::File file = onnx::read(path("1.onnx"));
    const auto node = std::ranges::find(file.nodes, op, &onnx::Node::op);
    ASSERT_NE(node, file.nodes.end());
    std::erase_if(node->attributes,
                  [&](const onnx::Attribute& a) { return a.name == attribute.name; });
    node->attributes.push_back(attribute);
    try {
      from_onnx(file, "changed");
      ADD_FAILURE() << "expected: " << why;
    } catch (const DataError& e) {
      EXPECT_NE(std::string(e.what()).find(why), std::string::npos) << e.what();
    }
  };
  using List = std::vector<std::int64_t>;
  refused("Conv", {"auto_pad", std::string("SAME_LOWER")}, "its auto_pad is SAME_LOWER");
  refused("Conv", {"strides", List{1}}, "its strides is no list of 2 numbers");
  refused("Conv", {"strides", List{0, 1}}, "its strides has 0, expected 1 to 2^20");
  refused("Conv", {"pads", List{0, 0, -1, 0}}, "its pads has -1");
  refused("Conv", {"kernel_shape", List{3, 3}}, "its kernel_shape is not that of its weights");
  refused("Conv", {"group", std::int64_t{2}}, "(Conv) that does not fit");
  refused("MaxPool", {"dilations", List{2, 2}}, "(MaxPool) with dilations");
  refused("MaxPool", {"kernel_shape", List{100, 2}}, "the window spans 100 rows");
}

}  // namespace
}  // namespace chainrule
