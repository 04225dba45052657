// Models that go to PyTorch and come from it, as safetensors and as ONNX; and a file of ours in the
// safetensors parser of JavaScript's @huggingface/hub.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <iostream>

#include "chainrule/data/digits.h"
#include "chainrule/data/npy.h"
#include "chainrule/io/model_file.h"
#include "chainrule/io/onnx_import.h"
#include "chainrule/io/tensor_import.h"
#include "chainrule/train/evaluate.h"
#include "chainrule/train/fit.h"
#include "tests/io/outside.h"

namespace chainrule {
namespace {

using testing::TestFolder;

/// What the network computes before its loss, of all rows of a file.
std::vector<float> outputs(const Model& model, const std::string& x) {
  const std::vector<float> rows = data::read_npy(x).as<float>();
  const Index count = static_cast<Index>(rows.size()) / model.features().size();
  Tape<float> tape(model.params(), {.rows = count, .outputs = {model.output()}});
  tape.set(model.input(), std::span<const float>(rows));
  tape.forward();
  const auto y = tape.value(model.output()).span();
  return {y.begin(), y.end()};
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return INFINITY;
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(d <= worst)) worst = d;
  }
  return worst;
}

/// The script runs once for all tests.
class Torch : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TestFolder;
    const Model model = ours();
    model.save(*folder_ / "ours.safetensors");
    Random random(3, 0);
    std::vector<float> x(17 * 6);
    for (float& v : x) v = static_cast<float>(random.normal());
    const Index shape[] = {17, 6};
    data::write_npy<float>(*folder_ / "ours_x.npy", x, shape);
    result_ = testing::run_python("torch_models.py", folder_->path().string());
  }
  static void TearDownTestSuite() { delete folder_; }
  void SetUp() override {
    if (result_.code == 77) GTEST_SKIP() << result_.out;
    ASSERT_EQ(result_.code, 0) << result_.out;
  }

  /// The statistics of its norm are not those it starts with.
  static Model ours() {
    Model model("linear 9, batch_norm, tanh, linear 4", {6}, {.seed = 4});
    Random random(5, 0);
    for (float& v : model.params()["bn1.running_var"].span())
      v = static_cast<float>(random.uniform(0.5, 2));
    for (float& v : model.params()["bn1.running_mean"].span())
      v = static_cast<float>(random.uniform(-1, 1));
    return model;
  }
  static std::string path(const std::string& name) { return *folder_ / name; }
  static std::vector<float> array(const std::string& name) {
    return data::read_npy(path(name)).as<float>();
  }

  inline static TestFolder* folder_ = nullptr;
  inline static testing::OutsideResult result_;
};

TEST_F(Torch, LoadsOurWeights) {
  const double d = largest_difference(
      outputs(Model::load(path("ours.safetensors")), path("ours_x.npy")), array("ours_y.npy"));
  EXPECT_LE(d, 1e-5);
  std::cout << "the largest difference is " << d << '\n';
}

TEST_F(Torch, StateDictsLoadHere) {
  const Model named = model_from_tensors(read_safetensors(path("named.safetensors")),
                                         "linear 9, batch_norm, tanh, linear 4", "named");
  const double d = largest_difference(outputs(named, path("named_x.npy")), array("named_y.npy"));
  EXPECT_LE(d, 1e-5);
  std::cout << "the largest difference is " << d << '\n';
  std::string text = "linear 5";
  for (int i = 0; i < 5; ++i) text += ", relu, linear 5";
  const Model numbered =
      model_from_tensors(read_safetensors(path("numbered.safetensors")), text, "numbered");
  EXPECT_LE(largest_difference(outputs(numbered, path("numbered_x.npy")), array("numbered_y.npy")),
            1e-5);
}

TEST_F(Torch, TenModelsImport) {
  if (!onnx::available()) GTEST_SKIP() << "built without protozero";
  const char* const texts[] = {
      "flatten, linear 32, relu, linear 10",
      "linear 8, leaky_relu 0.2, linear 7, elu 0.7, linear 3",
      "linear 8, selu, linear 7, softplus, linear 1",
      "linear 8, gelu, linear 7, gelu_tanh, linear 3",
      "linear 8, silu, gelu, silu, linear 1, sigmoid",
      "linear 8 bias=false, tanh, linear 5 bias=false, log_softmax",
      "linear 8, batch_norm, relu, linear 3",
      "layer_norm, linear 8, layer_norm epsilon=0.001, relu, linear 3",
      "linear 8, layer_norm, sigmoid, linear 4, softmax",
      "flatten, linear 9, gelu, batch_norm momentum=0.25 epsilon=0.001, linear 2",
  };
  double worst = 0;
  for (int i = 1; i <= 10; ++i) {
    SCOPED_TRACE(i);
    try {
      const Model model = import_onnx(path(cat(i, ".onnx")));
      EXPECT_EQ(model.text(), texts[i - 1]);
      const double d =
          largest_difference(outputs(model, path(cat(i, "_x.npy"))), array(cat(i, "_y.npy")));
      EXPECT_LE(d, 1e-5);
      worst = std::max(worst, d);
    } catch (const Error& e) {
      ADD_FAILURE() << e.what();
    }
  }
  std::cout << "the largest difference is " << worst << '\n';
}

TEST_F(Torch, AnImportedModelTrainsOn) {
  if (!onnx::available()) GTEST_SKIP() << "built without protozero";
  Model model = import_onnx(path("1.onnx"));
  const Splits data = data::digits({.train = 500, .test = 100});
  const double before = evaluate(model, data.train).loss;
  fit(model, data, {.epochs = 8, .batch = 50});
  const double after = evaluate(model, data.train).loss;
  EXPECT_LT(after, 0.7 * before);
  std::cout << "loss " << before << " before, " << after << " after\n";
  model.save(path("trained.safetensors"));
  EXPECT_EQ(evaluate(Model::load(path("trained.safetensors")), data.train).loss, after);
}

TEST(HuggingFaceHub, ReadsOurFile) {
  const TestFolder folder;
  Model model("linear 9, batch_norm, tanh, linear 4", {6}, {.seed = 4});
  model.save(folder / "m.safetensors");
  const auto result = testing::run_node("hub_read.js", folder / "m.safetensors");
  if (result.code == 77) GTEST_SKIP() << result.out;
  ASSERT_EQ(result.code, 0) << result.out;
  for (const char* part :
       {R"("fc1.weight":{"dtype":"F32","shape":[9,6])", R"("fc2.bias":{"dtype":"F32","shape":[4])",
        R"("bn1.running_var":{"dtype":"F32","shape":[9])", R"("count":{"F32":139})",
        R"("format":"chainrule-2")"})
    EXPECT_NE(result.out.find(part), std::string::npos) << part << " is not in\n" << result.out;
}

}  // namespace
}  // namespace chainrule
