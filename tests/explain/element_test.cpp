// Single gradients taken apart: the terms of all samples add up to what the backward pass stored.
#include "chainrule/explain/element.h"

#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>

#include "chainrule/core/random.h"
#include "chainrule/data/digits.h"
#include "chainrule/data/idx.h"
#include "chainrule/data/toy.h"
#include "chainrule/explain/model_run.h"
#include "chainrule/optim/sgd.h"
#include "chainrule/train/fit.h"

namespace chainrule {
namespace {

std::string error(const Graph& g, const std::string& text) {
  try {
    find_element(g, text, 10, {2, 2});
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(Element, NamesAsPyTorchCountsThem) {
  const Model model("linear 3, relu, linear 2", {4});
  const Graph& g = model.graph();
  const Element w = find_element(g, "fc1.weight[2,1]", 10);
  EXPECT_EQ(w.node.name(), "fc1.weight");
  EXPECT_EQ(w.offset, 1 * 3 + 2);  // in memory [I, O]
  EXPECT_EQ(element_name(w.node, 0, w.offset), "fc1.weight[2,1]");
  EXPECT_EQ(find_element(g, "fc2.bias[1]", 10).offset, 1);
  const Element unit = find_element(g, "relu1[7, 2]", 10);
  EXPECT_EQ(unit.row, 7);
  EXPECT_EQ(unit.offset, 2);
  EXPECT_EQ(element_name(unit.node, 7, 2), "relu1[7,2]");
  EXPECT_EQ(find_element(g, "x[0,1,1]", 10, {2, 2}).offset, 3);
  EXPECT_EQ(find_element(g, "loss", 10).offset, 0);

  EXPECT_EQ(error(g, "fc1.wieght[2,1]"),
            "there is no node 'fc1.wieght' in this graph (did you mean 'fc1.weight'?)");
  EXPECT_EQ(error(g, "fc1.weight[3,1]"),
            "index 3 of 'fc1.weight[3,1]' is out of range: fc1.weight is [3, 4], counted from 0");
  EXPECT_EQ(error(g, "fc1.weight[3]"), "'fc1.weight' has 2 axes [3, 4]; 'fc1.weight[3]' names 1");
  EXPECT_NE(error(g, "fc1.weight[a,1]").find("is no element"), std::string::npos);
  EXPECT_NE(error(g, "y[0]").find("has no gradient"), std::string::npos);
}

TEST(Element, OneWeightByHand) {
  // Two samples, one unit, half the squared error: dw = mean of (w x - t) x.
  Dataset data;
  data.features = {1};
  data.floats = {2, 3};
  data.targets = {1, 0};
  data.target_names = {"t"};
  Model model("linear 1", {1}, {.loss = "half_squared_error"});
  model.params()["fc1.weight"][0] = 0.5F;
  ModelRun<double> run(model, data, {0, 1});
  const auto e = explain_element(run.tape(), model.loss(),
                                 find_element(model.graph(), "fc1.weight[0,0]", 2), run.pass());
  // (0.5 * 2 - 1) * 2 / 2 = 0 and (0.5 * 3 - 0) * 3 / 2 = 2.25.
  ASSERT_EQ(e.terms.size(), 2U);
  EXPECT_EQ(e.terms[0].row, 1);
  EXPECT_DOUBLE_EQ(e.terms[0].amount, 2.25);
  EXPECT_DOUBLE_EQ(e.terms[0].local, 3);
  EXPECT_DOUBLE_EQ(e.terms[0].upstream, 0.75);
  EXPECT_EQ(e.terms[0].local_name, "x[0]");
  EXPECT_EQ(e.terms[0].through, "fc1[0]");
  EXPECT_EQ(e.terms[1].amount, 0);
  EXPECT_DOUBLE_EQ(e.gradient, 2.25);
  EXPECT_EQ(e.path.back().name, "loss");
}

TEST(Element, PenaltiesAreTermsOfTheirOwn) {
  const Splits data = data::xor_gate();
  const Model model("linear 3, tanh, linear 2", {2}, {.seed = 3, .l2 = {{"*.weight", 0.1}}});
  ModelRun<double> run(model, data.train, {0, 1, 2, 3});
  const Element element = find_element(model.graph(), "fc1.weight[2,1]", 4);
  const auto e = explain_element(run.tape(), model.loss(), element, run.pass());
  ASSERT_EQ(e.terms.size(), 5U);
  int penalties = 0;
  for (const GradientTerm& t : e.terms)
    if (t.row < 0) {
      ++penalties;
      EXPECT_NEAR(t.amount, 2 * 0.1 * e.value, 1e-15);
    }
  EXPECT_EQ(penalties, 1);
  EXPECT_NEAR(e.difference, 0, 1e-16);
}

template <class T>
void every_element_adds_up(const Model& model, const Dataset& data, double tolerance) {
  std::vector<std::int32_t> rows;
  for (std::int32_t i = 0; i < 6; ++i) rows.push_back(i * 3);
  ModelRun<T> run(model, data, rows, {.training = true, .seed = 4});
  const Graph& g = model.graph();
  for (int id = 0; id < g.size(); ++id) {
    const Var v = g.var(id);
    if (v == model.target() || v == model.weight() || v == model.loss()) continue;
    if (g.node(v).kind == NodeKind::param && !g.node(v).param_options.trainable) continue;
    const Index cols = v.shape().size();
    for (Index k = 0; k < cols; k += std::max<Index>(1, cols / 5)) {
      const Index row = v.shape().batched() ? k % 6 : 0;
      const Element element{v, row, k, element_name(v, row, k)};
      const auto e = explain_element(run.tape(), model.loss(), element, run.pass());
      EXPECT_LE(std::abs(e.difference), tolerance * e.magnitude + 1e-300) << element.name;
      // A probability of which the loss takes no notice has none.
      EXPECT_TRUE(!e.terms.empty() || e.gradient == 0) << element.name;
    }
  }
}

TEST(Element, EveryKindOfLayerAddsUp) {
  const Splits data = data::blobs({.rows = 60});
  for (const char* text :
       {"linear 5, relu, linear 3", "linear 6, batch_norm, tanh, dropout 0.3, linear 3",
        "linear 4, layer_norm, sigmoid, linear 3, softmax"}) {
    const Model model(text, {2},
                      {.loss = std::string(text).ends_with("softmax") ? "categorical_cross_entropy"
                                                                      : "softmax_cross_entropy",
                       .seed = 2,
                       .l1 = {{"fc1.weight", 0.01}}});
    every_element_adds_up<double>(model, data.train, 1e-12);
    every_element_adds_up<float>(model, data.train, 1e-5);
  }
}

/// Greatest |difference| / sum of |terms| over random weights.
template <class T>
double worst(const Model& model, const Dataset& data, int weights) {
  ModelRun<T> run(model, data, first_batch(data, 100, 1));
  Random random(7);
  double worst = 0;
  for (int i = 0; i < weights; ++i) {
    Index k = random.below(static_cast<std::uint32_t>(model.params().trainable_count()));
    const Graph& g = model.graph();
    for (const int id : g.params()) {
      const Index size = g.node(id).shape.size();
      if (k >= size) {
        k -= size;
        continue;
      }
      const Element element{g.var(id), 0, k, element_name(g.var(id), 0, k)};
      const auto e = explain_element(run.tape(), model.loss(), element, run.pass());
      EXPECT_EQ(e.terms.size(), 100U);
      if (e.magnitude > 0) worst = std::max(worst, std::abs(e.difference) / e.magnitude);
      break;
    }
  }
  return worst;
}

void thousand_weights(const Splits& data, int weights) {
  Model model("linear 50, relu, linear 10", data.features(), {.seed = 1});
  for (const int steps : {1, 999}) {
    fit(model, data, {.optimizer = Sgd{.lr = 0.1}, .steps = steps, .batch = 100, .seed = 1});
    EXPECT_LE(worst<double>(model, data.train, weights), 1e-12);
    EXPECT_LE(worst<float>(model, data.train, weights), 1e-5);
  }
}

TEST(Element, WeightsOfDigits) { thousand_weights(data::digits({.train = 1000, .test = 1}), 100); }

TEST(Element, AThousandWeightsOfMnist) {
  const char* folder = std::getenv("CHAINRULE_MNIST");
  if (folder == nullptr) GTEST_SKIP() << "CHAINRULE_MNIST is not set";
#ifdef __SANITIZE_ADDRESS__
  constexpr int kWeights = 100;
#else
  constexpr int kWeights = 1000;
#endif
  Splits data = data::mnist(folder);
  data.test = {};
  thousand_weights(data, kWeights);
}

}  // namespace
}  // namespace chainrule
