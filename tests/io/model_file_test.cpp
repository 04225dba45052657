#include "chainrule/io/model_file.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

#include "chainrule/core/error.h"

namespace chainrule {
namespace {

namespace fs = std::filesystem;

class ModelFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("chainrule_model_" + std::to_string(::getpid()));
    fs::create_directory(folder_);
    path_ = folder_ / "m.safetensors";
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// The sentence with which the file is refused, "" when it is loaded.
  std::string refusal() const {
    try {
      Model::load(path_);
    } catch (const DataError& e) {
      return e.what();
    }
    return "";
  }

  fs::path folder_, path_;
};

Model example() {
  Model model("linear 3, batch_norm, relu, linear 2", {4},
              {.loss = "softmax_cross_entropy", .seed = 5, .l2 = {{"*.weight", 1e-4}}});
  model.class_names = {"yes", "no"};
  model.preprocess = {.columns = {{.name = "age", .offset = 40.5, .scale = 12.25},
                                  {.name = "city", .categories = {"Rome", "Oslo", "Lima"}}},
                      .target = "answer"};
  model.metrics = {{"accuracy", 0.75}};
  return model;
}

TEST_F(ModelFileTest, RoundTripKeepsEverything) {
  const Model model = example();
  model.save(path_);
  const Model loaded = Model::load(path_);
  EXPECT_EQ(loaded.text(), model.text());
  EXPECT_EQ(loaded.features(), model.features());
  EXPECT_EQ(loaded.options().l2, model.options().l2);
  EXPECT_EQ(loaded.class_names, model.class_names);
  EXPECT_EQ(loaded.metrics, model.metrics);
  EXPECT_EQ(loaded.preprocess.target, "answer");
  ASSERT_EQ(loaded.preprocess.columns.size(), 2u);
  EXPECT_EQ(loaded.preprocess.columns[0].scale, 12.25);
  EXPECT_EQ(loaded.preprocess.columns[1].categories[2], "Lima");
  EXPECT_TRUE(std::ranges::equal(loaded.params().all(), model.params().all()));
}

TEST_F(ModelFileTest, WeightsLieInTheFileAsPyTorchKeepsThem) {
  const Model model = example();
  const SafeTensors content = to_safetensors(model);
  const SafeTensor* weight = content.find("fc1.weight");
  ASSERT_NE(weight, nullptr);
  EXPECT_EQ(weight->shape, (std::vector<Index>{3, 4}));  // [O, I]
  const auto in_memory = model.params()["fc1.weight"];   // [I, O]
  const auto in_file = weight->values();
  for (Index i = 0; i < 4; ++i)
    for (Index o = 0; o < 3; ++o)
      EXPECT_EQ(in_file[static_cast<std::size_t>(o * 4 + i)],
                static_cast<double>(in_memory[i * 3 + o]));
}

TEST_F(ModelFileTest, RefusesTensorsThatDoNotFit) {
  const Model model = example();
  model.save(path_);
  const SafeTensors good = read_safetensors(path_);
  const auto index = [&](std::string_view name) {
    return static_cast<std::size_t>(good.find(name) - good.tensors.data());
  };
  const auto expect = [&](SafeTensors content, const char* says) {
    write_safetensors(path_, content);
    EXPECT_NE(refusal().find(says), std::string::npos) << "got: " << refusal();
  };

  SafeTensors bad = good;
  bad.tensors.erase(bad.tensors.begin() + static_cast<std::ptrdiff_t>(index("fc1.bias")));
  expect(bad, "has no tensor 'fc1.bias'");

  bad = good;
  std::swap(bad.tensors[index("fc1.weight")].shape[0], bad.tensors[index("fc1.weight")].shape[1]);
  expect(bad, "'fc1.weight' with shape [4, 3], the model expects [3, 4]");

  bad = good;
  const float nan[] = {NAN, 0, 0};
  bad.tensors[index("fc1.bias")] = SafeTensor::make("fc1.bias", {3}, std::span<const float>(nan));
  expect(bad, "has nan in 'fc1.bias' at element 0");

  bad = good;
  bad.tensors[index("fc1.bias")].dtype = DType::i32;
  expect(bad, "has integers in 'fc1.bias'");

  bad = good;
  const float more[] = {1};
  bad.tensors.push_back(SafeTensor::make("fc1.biass", {1}, std::span<const float>(more)));
  expect(bad, "'fc1.biass' that is no parameter");
  EXPECT_NE(refusal().find("fc1.bias'"), std::string::npos);
}

TEST_F(ModelFileTest, RefusesMetadataThatDescribeNoModel) {
  const Model model = example();
  model.save(path_);
  const SafeTensors good = read_safetensors(path_);
  const auto expect = [&](const char* key, const char* value, const char* says) {
    SafeTensors content = good;
    if (value != nullptr)
      content.metadata[key] = value;
    else
      content.metadata.erase(key);
    write_safetensors(path_, content);
    EXPECT_NE(refusal().find(says), std::string::npos) << key << ", got: " << refusal();
  };
  expect("format", nullptr, "holds tensors, but no model");
  expect("format", "chainrule-9", "expected 'chainrule-1'");
  expect("model", "linaer 3", "did you mean 'linear'");
  expect("features", "[4", "wrong form");
  expect("features", "[-4]", "cannot be built");
  expect("features", "[5]", "the model expects [3, 5]");
  expect("features", "[1e300]", "a whole number was expected");
  expect("features", "4", "is no list");
  expect("model", "linear 2000000000, linear 2", "more than 2,147,483,648");
  expect("model", "linear 40000, linear 40000", "describes a model of 1,600,240,000 parameters");
  expect("features", "[1099511627776]", "of 1,099,511,627,776 features, at most 16,777,216");
  expect("classes", std::string(100, '[').c_str(), "'classes' that is nested too deeply");
  expect("options", "{}", "wrong form");
  expect("preprocess", "[]", "wrong form");
  expect("classes", "[1]", "wrong form");
}

}  // namespace
}  // namespace chainrule
