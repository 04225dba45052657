#include "chainrule/io/model_file.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>
#include <limits>
#include <unistd.h>

#include "chainrule/core/error.h"
#include "chainrule/graph/op.h"
#include "chainrule/layers/linear.h"
#include "chainrule/losses/softmax_cross_entropy.h"
#include "chainrule/losses/squared_error.h"
#include "chainrule/model/layer_table.h"
#include "chainrule/ops/abs.h"
#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/clip.h"

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
  model.schema.labels = {"yes", "no"};
  model.schema.inputs = {
      {.name = "age", .offset = 40.5, .scale = 12.25, .fill = 41, .least = 3, .greatest = 99},
      {.name = "city",
       .kind = InputKind::category,
       .categories = {"Rome", "Oslo", "Lima"},
       .missing = {"-"}}};
  model.schema.targets = {{.name = "answer", .unit = "kg"}};
  model.schema.threshold = 0.25;
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
  EXPECT_EQ(loaded.schema, model.schema);
  EXPECT_EQ(loaded.metrics, model.metrics);
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
  SafeTensors good = read_safetensors(path_);
  good.metadata.erase("graph");  // as files of the first format, which a text describes
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
  expect("format", "chainrule-9", "expected 'chainrule-2'");
  expect("model", "linaer 3", "did you mean 'linear'");
  expect("features", "[4", "wrong form");
  expect("features", "[-4]", "cannot be built");
  expect("features", "[5]", "rows of 4 features, its model has 5");
  expect("features", "[1e300]", "a whole number was expected");
  expect("features", "4", "is no list");
  expect("model", "linear 2000000000, linear 2", "more than 2,147,483,648");
  expect("model", "linear 40000, linear 40000", "describes a model of 1,600,240,000 parameters");
  expect("features", "[1099511627776]", "of 1,099,511,627,776 features, at most 16,777,216");
  expect("options", "{}", "wrong form");
  expect("schema", std::string(100, '[').c_str(), "is nested too deeply");
  expect("schema", "[]", "wrong form");
  const auto changed = [&](const char* from, const char* to) {
    std::string text = good.metadata.at("schema");
    const std::size_t at = text.find(from);
    EXPECT_NE(at, text.npos) << from << " in " << text;
    return text.replace(at, std::string_view(from).size(), to);
  };
  const auto expect_schema = [&](const char* from, const char* to, const char* says) {
    expect("schema", changed(from, to).c_str(), says);
  };
  expect_schema("\"kind\":\"category\"", "\"kind\":\"categori\"", "a word that is not known");
  expect_schema("[\"yes\",\"no\"]", "[1]", "wrong form");
  expect_schema("[\"yes\",\"no\"]", "[\"yes\",\"no\",\"perhaps\"]",
                "names 3 classes, its model has 2 outputs");
  expect_schema("[\"yes\",\"no\"]", "[\"yes\",\"yes\"]", "two classes are called 'yes'");
  expect_schema("[\"Rome\",", "[", "rows of 3 features, its model has 4");
  expect_schema("\"scale\":12.25", "\"scale\":0", "'age' is scaled by (x - 40.5) / 0");
  expect_schema("\"name\":\"city\"", "\"name\":\"age\"", "two inputs are called 'age'");
}

/// Two inputs, a shared layer, two outputs and two losses.
Model branched() {
  Graph g;
  const Var a = g.input("a", {3}), b = g.input("b", {3});
  const LayerSpecs specs = parse_model("linear 4, tanh");
  LayerBuilder encoder("linear 4, tanh", specs, "");
  const Location at = Location::current();
  const Var x = encoder(a, at), y = encoder(b, at);
  const Var joint = clip(x * y + 1, -std::numeric_limits<double>::infinity(), 2);
  const Var logits = Linear{.out = 2}(joint, "head");
  const Var same = Linear{.out = 1}(abs(x - y), "same");
  return Model(g, {.outputs = {logits, same},
                   .losses = {softmax_cross_entropy(logits, g.class_input("y", 2)),
                              {squared_error(same, g.input("distance", {1})), 0.5}},
                   .seed = 3,
                   .l2 = {{"head.*", 0.01}}});
}

TEST_F(ModelFileTest, AnyGraphComesBack) {
  const Model model = branched();
  EXPECT_EQ(model.inputs().size(), 2U);
  EXPECT_EQ(model.targets().size(), 2U);
  EXPECT_EQ(model.graph().params().size(), 6U);  // the encoder's once
  model.save(path_);
  const Model back = Model::load(path_);
  ASSERT_EQ(back.graph().size(), model.graph().size());
  for (int id = 0; id < model.graph().size(); ++id) {
    const Node &n = model.graph().node(id), &m = back.graph().node(id);
    EXPECT_EQ(n.name, m.name);
    EXPECT_EQ(n.shape, m.shape);
    EXPECT_EQ(n.inputs, m.inputs);
    if (n.op) {
      EXPECT_EQ(n.op->settings(), m.op->settings()) << n.name;
    }
  }
  EXPECT_TRUE(std::ranges::equal(model.params().all(), back.params().all()));
  EXPECT_EQ(back.all_outputs().size(), 2U);
  EXPECT_EQ(back.sample_loss().name(), model.sample_loss().name());
  // Initialisers, too: a fresh start is the same.
  EXPECT_TRUE(std::ranges::equal(model.fresh(7).params().all(), back.fresh(7).params().all()));
}

TEST_F(ModelFileTest, RefusesGraphsThatCannotBe) {
  branched().save(path_);
  const SafeTensors good = read_safetensors(path_);
  const std::string graph = good.metadata.at("graph");
  const auto refused = [&](const std::string& from, const std::string& to) {
    SafeTensors bad = good;
    const std::size_t at = graph.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    bad.metadata["graph"] = std::string(graph).replace(at, from.size(), to);
    write_safetensors(path_, bad);
    EXPECT_TRUE(refusal().starts_with("'" + path_.string() + "' ")) << refusal();
  };
  refused("\"op\":\"affine\"", "\"op\":\"afine\"");
  refused("\"inputs\":[0,", "\"inputs\":[99,");
  refused("\"inputs\":[0,", "\"inputs\":[-1,");
  refused("\"shape\":[3]", "\"shape\":[1000000000]");
  refused("\"name\":\"b\"", "\"name\":\"a\"");
  refused("\"kind\":\"input\"", "\"kind\":\"inputs\"");
  refused("\"init\":\"", "\"init\":\"x");
  refused("\"loss\":", "\"loss\":100");
  refused("\"high\":2", "\"higher\":2");
  refused("{\"nodes\"", "[\"nodes\"");
}

}  // namespace
}  // namespace chainrule
