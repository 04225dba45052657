#include "chainrule/model/model.h"

#include <cmath>
#include <gtest/gtest.h>

#include "chainrule/check/gradcheck.h"
#include "chainrule/graph/op.h"
#include "chainrule/graph/tape.h"
#include "chainrule/layers/init.h"

namespace chainrule {
namespace {

std::vector<std::string> param_names(const Model& model) {
  std::vector<std::string> names;
  for (const int id : model.graph().params()) names.push_back(model.graph().node(id).name);
  return names;
}

double std_of(View<float> v) {
  double squares = 0;
  for (const float x : v) squares += double{x} * double{x};
  return std::sqrt(squares / static_cast<double>(v.size()));
}

TEST(Model, FromText) {
  const Model m("linear 50, relu, linear 10", {784}, {.seed = 1});
  EXPECT_EQ(m.text(), "linear 50, relu, linear 10");
  EXPECT_EQ(m.features(), Shape({784}));
  EXPECT_EQ(m.outputs(), 10);
  EXPECT_EQ(m.params().trainable_count(), 784 * 50 + 50 + 50 * 10 + 10);
  EXPECT_EQ(param_names(m),
            (std::vector<std::string>{"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"}));
  EXPECT_EQ(m.input().name(), "x");
  EXPECT_EQ(m.output().name(), "fc2");
  EXPECT_EQ(m.target().name(), "y");
  EXPECT_TRUE(m.class_target());
  EXPECT_EQ(m.graph().node(m.target()).classes, 10);
  EXPECT_EQ(m.sample_loss().shape().str(), "[B]");
  EXPECT_EQ(m.loss().shape().str(), "[]");
  EXPECT_EQ(m.schema.output, OutputKind::logits);
  EXPECT_EQ(m.graph().find("relu1").shape().str(), "[B, 50]");
}

TEST(Model, NamesCountEachKindOfLayer) {
  const Model m(
      "batch_norm, linear 4, bias, relu, dropout 0.1, layer_norm, linear 3, bias, relu, "
      "dropout 0.2, linear 2, flatten, softmax",
      {5});
  EXPECT_EQ(param_names(m), (std::vector<std::string>{
                                "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var",
                                "fc1.weight", "fc1.bias", "bias1.bias", "ln1.weight", "ln1.bias",
                                "fc2.weight", "fc2.bias", "bias2.bias", "fc3.weight", "fc3.bias"}));
  for (const char* name :
       {"bn1", "fc1", "bias1", "relu1", "dropout1", "ln1", "fc2", "bias2", "relu2", "dropout2",
        "fc3", "flatten1", "softmax1", "sample_loss", "loss"})
    EXPECT_EQ(m.graph().node(m.graph().find(name)).kind, NodeKind::op) << name;
}

TEST(Model, EveryLayerHasItsOperation) {
  const std::pair<const char*, const char*> cases[] = {{"bias", "bias"},
                                                       {"relu", "relu"},
                                                       {"leaky_relu", "leaky_relu"},
                                                       {"leaky_relu 0.2", "leaky_relu"},
                                                       {"elu", "elu"},
                                                       {"elu 0.5", "elu"},
                                                       {"selu", "selu"},
                                                       {"gelu", "gelu"},
                                                       {"gelu_tanh", "gelu_tanh"},
                                                       {"silu", "silu"},
                                                       {"softplus", "softplus"},
                                                       {"sigmoid", "sigmoid"},
                                                       {"tanh", "tanh"},
                                                       {"softmax", "softmax"},
                                                       {"log_softmax", "log_softmax"},
                                                       {"dropout 0.5", "dropout"},
                                                       {"layer_norm", "layer_norm"},
                                                       {"batch_norm", "batch_norm"},
                                                       {"linear 4", "affine"}};
  for (const auto& [text, op] : cases) {
    const Model m(text, {4}, {.loss = "squared_error"});
    EXPECT_EQ(m.graph().node(m.output()).op->doc().name, op);
    EXPECT_EQ(m.text(), text);
  }
  const Model leaky("leaky_relu 0.2", {4}, {.loss = "squared_error"});
  EXPECT_EQ(leaky.graph().node(leaky.output()).op->setting("slope"), 0.2);
}

TEST(Model, TextIsCanonicalAndReproducesTheModel) {
  const std::pair<const char*, const char*> cases[] = {
      {"  linear  50 ,relu,\n linear 10", "linear 50, relu, linear 10"},
      {"linear 0050 bias=true", "linear 50"},
      {"linear 5 init=normal:0.01 bias=false", "linear 5 bias=false init=normal:0.01"},
      {"linear N=5", "linear 5"},
      {"dropout 0.20, linear 2", "dropout 0.2, linear 2"},
      {"dropout rate=0, linear 2", "dropout 0, linear 2"},
      {"linear 2, leaky_relu 0.01, elu alpha=2", "linear 2, leaky_relu, elu 2"},
      {"layer_norm epsilon=0.001, batch_norm momentum=0.1 epsilon=1e-3, linear 2",
       "layer_norm epsilon=0.001, batch_norm epsilon=0.001, linear 2"}};
  for (const auto& [given, canonical] : cases) {
    const Model a(given, {3}, {.seed = 5});
    EXPECT_EQ(a.text(), canonical);
    const Model b(a.text(), a.features(), a.options());
    EXPECT_EQ(b.text(), canonical);
    ASSERT_EQ(param_names(a), param_names(b));
    const auto x = a.params().all(), y = b.params().all();
    EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin(), y.end())) << given;
    ASSERT_EQ(a.graph().size(), b.graph().size());
    for (int id = 0; id < a.graph().size(); ++id) {
      const Node &na = a.graph().node(id), &nb = b.graph().node(id);
      EXPECT_EQ(na.name, nb.name);
      EXPECT_EQ(na.shape, nb.shape);
      EXPECT_EQ(na.op ? na.op->settings() : SettingList{},
                nb.op ? nb.op->settings() : SettingList{});
    }
  }
}

TEST(Model, ImagesAreFlattenedBeforeTheFirstLinear) {
  const Model m("linear 3", {4, 5});
  EXPECT_EQ(m.features(), Shape({4, 5}));
  EXPECT_EQ(m.text(), "linear 3");
  EXPECT_EQ(m.input().shape().str(), "[B, 4, 5]");
  EXPECT_EQ(m.params()["fc1.weight"].size(), 60);
  const Model only("relu", {4, 5}, {.loss = "squared_error"});
  EXPECT_EQ(only.outputs(), 20);
  EXPECT_EQ(only.target().shape().str(), "[B, 20]");
  EXPECT_EQ(Model("linear 3", {}).params()["fc1.weight"].size(), 3);
}

TEST(Model, WeightsStartAsTheNextActivationLikes) {
  // 200 -> 100: He sqrt(2 / 200), Glorot uniform sqrt(2 / 300), LeCun sqrt(1 / 200).
  const auto std_for = [](std::string_view rest, ModelOptions options = {}) {
    options.seed = 3;
    const Model m(cat("linear 100", rest), {200}, options);
    for (const float b : m.params()["fc1.bias"]) EXPECT_EQ(b, 0);
    return std_of(m.params()["fc1.weight"]);
  };
  const double he = 0.1, glorot = 0.0816, lecun = 0.0707;
  EXPECT_NEAR(std_for(""), glorot, 0.002);
  EXPECT_NEAR(std_for(", tanh"), glorot, 0.002);
  EXPECT_NEAR(std_for(", linear 100"), glorot, 0.002);
  EXPECT_NEAR(std_for(", relu"), he, 0.002);
  EXPECT_NEAR(std_for(", dropout 0.2, layer_norm, batch_norm, bias, gelu, linear 2"), he, 0.002);
  EXPECT_NEAR(std_for(", selu"), lecun, 0.002);
  EXPECT_NEAR(std_for(", relu", {.init = "normal:0.01"}), 0.01, 0.0002);
  EXPECT_NEAR(std_for(" init=normal:0.5, relu", {.init = "normal:0.01"}), 0.5, 0.01);
}

TEST(Model, SeedsDecideTheWeights) {
  const auto first = [](std::uint64_t seed) {
    return Model("linear 2", {3}, {.seed = seed}).params()["fc1.weight"][0];
  };
  EXPECT_EQ(first(1), first(1));
  EXPECT_NE(first(1), first(2));
}

TEST(Model, LossDecidesTargetAndMeaning) {
  struct Case {
    const char *text, *loss;
    bool class_target;
    OutputKind kind;
  };
  const Case cases[] = {
      {"linear 3", "softmax_cross_entropy", true, OutputKind::logits},
      {"linear 3, softmax", "categorical_cross_entropy", true, OutputKind::probabilities},
      {"linear 3", "hinge", true, OutputKind::logits},
      {"linear 1", "hinge", false, OutputKind::binary_logit},
      {"linear 1", "binary_cross_entropy_logits", false, OutputKind::binary_logit},
      {"linear 1, sigmoid", "binary_cross_entropy", false, OutputKind::binary_probability},
      {"linear 4", "squared_error", false, OutputKind::values},
      {"linear 4", "half_squared_error", false, OutputKind::values},
      {"linear 4", "absolute_error", false, OutputKind::values},
      {"linear 4", "huber", false, OutputKind::values},
      {"linear 4, tanh", "squared_error", false, OutputKind::values},
      {"linear 4, softmax", "squared_error", false, OutputKind::probabilities},
      {"linear 1, sigmoid", "squared_error", false, OutputKind::binary_probability},
      {"linear 4, sigmoid", "squared_error", false, OutputKind::values},
  };
  for (const Case& c : cases) {
    const Model m(c.text, {2}, {.loss = c.loss});
    EXPECT_EQ(m.class_target(), c.class_target) << c.text << " " << c.loss;
    EXPECT_EQ(m.schema.output, c.kind) << c.text << " " << c.loss;
    EXPECT_EQ(m.target().shape().size(), c.class_target ? 1 : m.outputs());
    EXPECT_EQ(m.options().loss, c.loss);
  }
  for (const std::string_view name : loss_names())
    EXPECT_TRUE(std::any_of(std::begin(cases), std::end(cases), [&](const Case& c) {
      return name == c.loss;
    })) << name;
}

/// One linear unit without bias on rows 1 and 3, targets 0, weight 2: row losses 4 and 36.
struct Small {
  explicit Small(ModelOptions options)
      : model("linear 1 bias=false init=constant:2", {1}, [&] {
          options.loss = "squared_error";
          return options;
        }()) {}
  double loss(std::vector<float> weights) {
    Tape<float> tape(model.params(), {.rows = 2});
    tape.set(model.input(), {1, 3});
    tape.set(model.target(), {0, 0});
    tape.set(model.weight(), std::span<const float>(weights));
    tape.forward();
    return tape.value(model.loss());
  }
  Model model;
};

TEST(Model, LossIsTheWeightedMeanPlusPenalties) {
  EXPECT_DOUBLE_EQ(Small({}).loss({1, 1}), 20);
  EXPECT_DOUBLE_EQ(Small({}).loss({1, 0}), 4);
  EXPECT_DOUBLE_EQ(Small({}).loss({1, 3}), 28);
  EXPECT_DOUBLE_EQ(Small({.l1 = {{"*.weight", 0.5}}}).loss({1, 1}), 20 + 0.5 * 2);
  EXPECT_DOUBLE_EQ(Small({.l2 = {{"fc?.w*t", 0.25}}}).loss({1, 1}), 20 + 0.25 * 4);
  EXPECT_DOUBLE_EQ(Small({.l1 = {{"*", 1}}, .l2 = {{"fc1.*", 1}, {"*", 0}}}).loss({1, 1}),
                   20 + 2 + 4);
  const Small plain({});
  EXPECT_EQ(plain.model.graph().node(plain.model.loss()).op->doc().name, "weighted_mean");
}

TEST(Model, LabelSmoothingReachesTheLoss) {
  const Model m("linear 3", {2}, {.label_smoothing = 0.1});
  EXPECT_EQ(m.graph().node(m.sample_loss()).op->setting("label_smoothing"), 0.1);
}

TEST(Model, GradientsAreRight) {
  // A whole model, once more as double: every parameter against finite differences.
  const Model m("linear 4, batch_norm, tanh, layer_norm, dropout 0.3, linear 3", {5},
                {.seed = 2, .l1 = {{"*.weight", 0.01}}, .l2 = {{"fc2.*", 0.02}}});
  Params<double> params(m.graph(), 2);
  Random random(9);
  const GradcheckReport report = gradcheck_model(params, m.loss(), 6, [&](Tape<double>& tape) {
    for (double& v : tape.input(m.input())) v = random.uniform(-1, 1);
    for (double& v : tape.input(m.weight())) v = random.uniform(0.5, 2);
    for (std::int32_t& v : tape.class_input(m.target()))
      v = static_cast<std::int32_t>(random.below(3));
  });
  EXPECT_TRUE(report) << report.failure;
  EXPECT_EQ(report.entries.size(), 8u);
}

TEST(Model, Moves) {
  Model a("linear 2", {3});
  const Var loss = a.loss();
  Model b = std::move(a);
  EXPECT_EQ(b.loss(), loss);
  b = Model("linear 4", {3});
  EXPECT_EQ(b.outputs(), 4);
}

}  // namespace
}  // namespace chainrule
