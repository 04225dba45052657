#include "chainrule/train/evaluate.h"

#include <cmath>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "chainrule/core/error.h"

namespace chainrule {
namespace {

/// A model without hidden layers whose weights are as given, row-major [inputs, outputs].
Model linear(const std::string& text, Index inputs, const std::string& loss,
             const std::vector<float>& weights) {
  Model model(text, {inputs}, {.loss = loss});
  const View<float> w = model.params()["fc1.weight"];
  EXPECT_EQ(static_cast<std::size_t>(w.size()), weights.size());
  std::copy(weights.begin(), weights.end(), w.begin());
  return model;
}

Dataset features(Index width, std::vector<float> values) {
  Dataset d;
  d.features = {width};
  d.floats = std::move(values);
  return d;
}

Dataset with_classes(Dataset d, std::vector<std::int32_t> classes, int count) {
  d.classes = std::move(classes);
  for (int c = 0; c < count; ++c) d.class_names.push_back(std::to_string(c));
  return d;
}

std::string refusal(const Model& model, const Dataset& data) {
  try {
    evaluate(model, data);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

// Logits (x, -x): probabilities of class 0 are s(2x) with s the logistic function.
TEST(Evaluate, Classes) {
  const Model model = linear("linear 2", 1, "softmax_cross_entropy", {1, -1});
  const Dataset d = with_classes(features(1, {1, -1, 2}), {0, 0, 1}, 2);
  const Evaluation e = evaluate(model, d, {.top_k = 5});
  EXPECT_EQ(e.rows, 3);
  // -log s(2), -log s(-2), -log s(-4)
  EXPECT_NEAR(e.loss, (0.1269280110 + 2.1269280110 + 4.0181499279) / 3, 1e-6);
  EXPECT_DOUBLE_EQ(e.accuracy, 1.0 / 3);
  EXPECT_EQ(e.top_k, 2);
  EXPECT_EQ(e.top_k_accuracy, 1);
  EXPECT_EQ(e.confusion(0, 0), 1);
  EXPECT_EQ(e.confusion(0, 1), 1);
  EXPECT_EQ(e.confusion(1, 0), 1);
  EXPECT_EQ(e.confusion(1, 1), 0);
  EXPECT_TRUE(std::isnan(e.mse));
}

TEST(Evaluate, WeightsCountInTheLossAlone) {
  const Model model = linear("linear 2", 1, "softmax_cross_entropy", {1, -1});
  Dataset d = with_classes(features(1, {1, -1, 2}), {0, 0, 1}, 2);
  d.weights = {1, 3, 0};
  const Evaluation e = evaluate(model, d);
  EXPECT_NEAR(e.loss, (0.1269280110 + 3 * 2.1269280110) / 4, 1e-6);
  EXPECT_DOUBLE_EQ(e.accuracy, 1.0 / 3);
}

TEST(Evaluate, SameForAnyBatchAndThreads) {
  const Model model = linear("linear 3", 2, "softmax_cross_entropy", {1, -1, 0.5f, 2, 0, -1});
  std::vector<float> x;
  std::vector<std::int32_t> y;
  for (int i = 0; i < 101; ++i) {
    x.push_back(std::sin(static_cast<float>(i)));
    x.push_back(std::cos(static_cast<float>(3 * i)));
    y.push_back(i % 3);
  }
  const Dataset d = with_classes(features(2, x), y, 3);
  const Evaluation all = evaluate(model, d);
  for (const Index batch : {1, 7, 100, 101}) {
    const Evaluation e = evaluate(model, d, {.batch = batch, .top_k = 2, .threads = 2});
    EXPECT_NEAR(e.loss, all.loss, 1e-6) << batch;
    EXPECT_EQ(e.accuracy, all.accuracy) << batch;
    EXPECT_GE(e.top_k_accuracy, e.accuracy) << batch;
    EXPECT_LT(e.top_k_accuracy, 1) << batch;
  }
}

TEST(Evaluate, OneOutputForTwoClasses) {
  const Model model = linear("linear 1", 1, "binary_cross_entropy_logits", {2});
  const Dataset d = with_classes(features(1, {1, -1, 0.25f}), {1, 1, 0}, 2);
  const Evaluation e = evaluate(model, d);
  EXPECT_DOUBLE_EQ(e.accuracy, 1.0 / 3);
  EXPECT_EQ(e.confusion(1, 1), 1);
  EXPECT_EQ(e.confusion(1, 0), 1);
  EXPECT_EQ(e.confusion(0, 1), 1);
  // log(1 + exp(-2)), log(1 + exp(2)), log(1 + exp(0.5))
  EXPECT_NEAR(e.loss, (0.1269280110 + 2.1269280110 + 0.9740769842) / 3, 1e-6);
}

// Squared error on classes: targets are 1 for the class and 0 elsewhere.
TEST(Evaluate, NumbersForClasses) {
  const Model model = linear("linear 2", 1, "squared_error", {1, 0.5f});
  const Dataset d = with_classes(features(1, {1, -1}), {0, 1}, 2);
  const Evaluation e = evaluate(model, d);
  // Outputs (1, 0.5) for (1, 0), (-1, -0.5) for (0, 1).
  EXPECT_NEAR(e.loss, ((0 + 0.25) / 2 + (1 + 2.25) / 2) / 2, 1e-6);
  EXPECT_EQ(e.accuracy, 1);

  // One output, two classes: targets 0 and 1, decided at a half.
  const Model one = linear("linear 1", 1, "squared_error", {1});
  EXPECT_EQ(evaluate(one, with_classes(features(1, {0.6f, 0.4f}), {1, 0}, 2)).accuracy, 1);
}

// Targets were scaled as t = 10 * y + 100, and are measured in the units of t.
TEST(Evaluate, NumbersInTheUnitsOfTheData) {
  Model model = linear("linear 1", 1, "squared_error", {1});
  model.schema.targets = {{.name = "t", .offset = 100, .scale = 10}};
  Dataset d = features(1, {0, 1, 2});
  d.target_names = {"t"};
  d.targets = {0, 1, 4};
  const Evaluation e = evaluate(model, d);
  EXPECT_NEAR(e.loss, 4.0 / 3, 1e-6);
  EXPECT_NEAR(e.mse, 400.0 / 3, 1e-4);
  EXPECT_NEAR(e.mae, 20.0 / 3, 1e-5);
  EXPECT_NEAR(e.r2, 1 - 4 / (26.0 / 3), 1e-6);
  EXPECT_TRUE(std::isnan(e.accuracy));
  EXPECT_EQ(e.confusion.classes(), 0);
}

TEST(Evaluate, RefusesWhatDoesNotFit) {
  const Model model = linear("linear 2", 2, "softmax_cross_entropy", {1, 0, 0, 1});
  Dataset d = with_classes(features(3, {1, 2, 3}), {0}, 2);
  d.name = "iris";
  EXPECT_EQ(refusal(model, d), "'iris' has 3 features in each row, the model expects 2");
  EXPECT_EQ(refusal(model, with_classes(features(2, {1, 2}), {0}, 3)),
            "the data has 3 classes, the model has 2 outputs");
  EXPECT_EQ(refusal(model, features(2, {1, 2})),
            "the data has neither classes nor numbers to learn");
  Dataset numbers = features(2, {1, 2});
  numbers.target_names = {"t"};
  numbers.targets = {1};
  EXPECT_EQ(refusal(model, numbers),
            "the data has numbers to learn, the loss softmax_cross_entropy learns classes");
  EXPECT_EQ(refusal(linear("linear 2", 2, "squared_error", {1, 0, 0, 1}), numbers),
            "the data has 1 number to learn in each row, the model has 2 outputs");
  EXPECT_EQ(refusal(linear("linear 1", 2, "squared_error", {1, 0}),
                    with_classes(features(2, {1, 2}), {0}, 3)),
            "the data has 3 classes, the model has 1 output");
  EXPECT_EQ(refusal(model, with_classes(features(2, {}), {}, 2)),
            "there are no rows to evaluate the model on");
  EXPECT_NE(refusal(model, with_classes(features(2, {1, 2}), {7}, 2)), "accepted");
  EXPECT_NE(refusal(model, with_classes(features(2, {1, NAN}), {0}, 2)), "accepted");
}

TEST(Predict, Probabilities) {
  const Model model = linear("linear 2", 1, "softmax_cross_entropy", {1, -1});
  const Predictions p = predict(model, std::vector<float>{1, -2});
  ASSERT_EQ(p.values.rows(), 2);
  EXPECT_NEAR(p.values(0, 0), 0.8807970780, 1e-6);
  EXPECT_NEAR(p.values(0, 1), 0.1192029220, 1e-6);
  EXPECT_NEAR(p.values(1, 0), 0.0179862100, 1e-6);
  EXPECT_EQ(p.classes, (std::vector<std::int32_t>{0, 1}));
}

TEST(Predict, LargeLogits) {
  const Model model = linear("linear 2", 1, "softmax_cross_entropy", {1000, -1000});
  const Predictions p = predict(model, std::vector<float>{1});
  EXPECT_EQ(p.values(0, 0), 1);
  EXPECT_EQ(p.values(0, 1), 0);
}

TEST(Predict, OneOutputForTwoClasses) {
  const Model model = linear("linear 1", 1, "binary_cross_entropy_logits", {2});
  const Predictions p = predict(model, std::vector<float>{1, -1});
  EXPECT_NEAR(p.values(0, 0), 0.8807970780, 1e-6);
  EXPECT_NEAR(p.values(1, 0), 0.1192029220, 1e-6);
  EXPECT_EQ(p.classes, (std::vector<std::int32_t>{1, 0}));
}

TEST(Predict, NumbersInTheUnitsOfTheData) {
  Model model = linear("linear 1", 1, "squared_error", {3});
  model.schema.targets = {{.name = "t", .offset = 100, .scale = 10}};
  const Predictions p = predict(model, std::vector<float>{2});
  EXPECT_EQ(p.values(0, 0), 160);
  EXPECT_TRUE(p.classes.empty());
}

TEST(Predict, DataAndPlainRowsAgree) {
  const Model model = linear("linear 2", 2, "softmax_cross_entropy", {1, -1, 0.5f, 2});
  const std::vector<float> rows{1, 2, 3, 4, 5, 6};
  const Predictions plain = predict(model, rows, {.batch = 2});
  const Predictions data = predict(model, features(2, rows));
  EXPECT_EQ(plain.classes, data.classes);
  for (Index i = 0; i < 6; ++i) EXPECT_EQ(plain.values[i], data.values[i]);
  EXPECT_EQ(predict(model, std::vector<float>{}).values.rows(), 0);
}

TEST(Predict, RefusesHalfRows) {
  const Model model = linear("linear 2", 2, "softmax_cross_entropy", {1, -1, 0.5f, 2});
  EXPECT_THROW(predict(model, std::vector<float>{1, 2, 3}), DataError);
  EXPECT_THROW(predict(model, features(3, {1, 2, 3})), DataError);
}

}  // namespace
}  // namespace chainrule
