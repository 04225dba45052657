#include "chainrule/train/fit.h"

#include <cmath>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/core/random.h"
#include "chainrule/data/toy.h"
#include "chainrule/optim/optimizers.h"
#include "chainrule/optim/sgd.h"
#include "chainrule/train/evaluate.h"

namespace chainrule {
namespace {

std::vector<float> values(const Model& model) {
  const std::span<float> all = model.params().all();
  return {all.begin(), all.end()};
}

/// Rows of one number x with the number t to be learnt.
Splits line(std::vector<float> x, std::vector<float> t) {
  Splits s;
  s.train.features = s.validation.features = s.test.features = {1};
  s.train.floats = std::move(x);
  s.train.targets = std::move(t);
  s.train.target_names = s.validation.target_names = s.test.target_names = {"t"};
  return s;
}

/// x * weight with the weight given and a bias of 0.
Model line_model(float weight, const ModelOptions& options = {.loss = "squared_error"}) {
  Model model("linear 1", {1}, options);
  model.params()["fc1.weight"][0] = weight;
  return model;
}

/// Calls a function after each step.
template <class F>
struct AfterStep : Observer {
  explicit AfterStep(F f) : f(std::move(f)) {}
  void on_step(const StepInfo& info) override { f(info); }
  F f;
};

template <class F>
std::string refusal(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

// y = 2 * 3 = 6 for t = 5: loss 1, dw = 2 * 1 * 3 = 6, db = 2.
TEST(Fit, OneStepByHand) {
  Model model = line_model(2);
  const History h = fit(model, line({3}, {5}), {.optimizer = Sgd{.lr = 0.125}, .epochs = 1});
  EXPECT_EQ(model.params()["fc1.weight"][0], 2 - 0.125f * 6);
  EXPECT_EQ(model.params()["fc1.bias"][0], -0.125f * 2);
  ASSERT_EQ(h.epochs.size(), 1u);
  EXPECT_EQ(h.epochs[0].train.loss, 1);
  EXPECT_FALSE(h.epochs[0].train.has_accuracy());
  EXPECT_FALSE(h.epochs[0].validation.measured());
  EXPECT_EQ(h.epochs[0].lr, 0.125);
  EXPECT_EQ(h.steps, 1);
  EXPECT_EQ(h.best_epoch, 1);
  EXPECT_EQ(h.stopped, StopReason::finished);
}

// Errors 1 and 2 with weights 3 and 1: loss (3 * 1 + 4) / 4, dw = (3 * 2 * 1 + 4 * 1) / 4, x = 1.
TEST(Fit, WeighsRows) {
  Splits s = line({1, 1}, {1, 0});
  s.train.weights = {3, 1};
  Model model = line_model(2);
  const History h = fit(model, s, {.optimizer = Sgd{.lr = 1}, .epochs = 1});
  EXPECT_EQ(h.epochs[0].train.loss, 7.0 / 4);
  EXPECT_EQ(model.params()["fc1.weight"][0], 2 - 10.0f / 4);
}

TEST(Fit, LossIncludesPenalties) {
  Model model = line_model(2, {.loss = "squared_error", .l2 = {{"*.weight", 0.5}}});
  const History h = fit(model, line({3}, {5}), {.optimizer = Sgd{.lr = 0.125}, .epochs = 1});
  EXPECT_EQ(h.epochs[0].train.loss, 1 + 0.5 * 4);
  EXPECT_EQ(model.params()["fc1.weight"][0], 2 - 0.125f * (6 + 2));
}

TEST(Fit, Clips) {
  Model by_value = line_model(2), by_norm = line_model(2);
  FitOptions options{.optimizer = Sgd{.lr = 1}, .epochs = 1, .clip_value = 3};
  fit(by_value, line({3}, {5}), options);
  EXPECT_EQ(by_value.params()["fc1.weight"][0], 2 - 3);
  EXPECT_EQ(by_value.params()["fc1.bias"][0], -2);
  options.clip_value = 0;
  options.clip_norm = std::sqrt(10.0);  // of (6, 2), whose norm is sqrt(40)
  fit(by_norm, line({3}, {5}), options);
  EXPECT_NEAR(by_norm.params()["fc1.weight"][0], 2 - 3, 1e-6);
  EXPECT_NEAR(by_norm.params()["fc1.bias"][0], -1, 1e-6);
}

TEST(Fit, LearnsEveryKindOfTarget) {
  struct Case {
    const char *text, *loss;
  };
  for (const Case& c :
       {Case{"linear 8, tanh, linear 2", "softmax_cross_entropy"},
        Case{"linear 8, tanh, linear 2", "squared_error"},
        Case{"linear 8, tanh, linear 1", "squared_error"},
        Case{"linear 8, tanh, linear 1", "binary_cross_entropy_logits"},
        Case{"linear 8, tanh, linear 1, sigmoid", "binary_cross_entropy"},
        Case{"linear 8, tanh, linear 1", "hinge"}, Case{"linear 8, tanh, linear 2", "hinge"}}) {
    const Splits s = data::xor_gate();
    Model model(c.text, s.features(), {.loss = c.loss, .seed = 1});
    const History h = fit(model, s, {.optimizer = Adam{.lr = 0.05}, .epochs = 300, .batch = 4});
    EXPECT_EQ(h.epochs.back().train.accuracy, 1) << c.text << ", " << c.loss;
    EXPECT_EQ(h.epochs.back().test.accuracy, 1) << c.text << ", " << c.loss;
    EXPECT_EQ(evaluate(model, s.test).accuracy, 1) << c.text << ", " << c.loss;
    EXPECT_EQ(model.schema.labels, s.train.class_names);
  }
}

TEST(Fit, EveryOptimizerLearns) {
  for (const std::string_view name : optimizer_names()) {
    const Splits s = data::blobs({.rows = 300, .noise = 0.3});
    Model model("linear 8, relu, linear 3", s.features(), {.seed = 1});
    const bool plain = name == "sgd" || name == "momentum" || name == "nesterov";
    const OptimizerSettings settings{{"lr", plain ? 0.1 : 0.03}};
    fit(model, s, {.optimizer = make_optimizer(name, settings), .epochs = 30, .batch = 300});
    EXPECT_GT(evaluate(model, s.test).accuracy, 0.9) << name;
  }
}

/// Enough rows and columns for the loops to be shared among threads, dropout included.
std::vector<float> trained(int threads, std::uint64_t seed) {
  Splits s;
  s.train.features = {100};
  Random random(5);
  for (int i = 0; i < 300; ++i) {
    for (int j = 0; j < 100; ++j) s.train.floats.push_back(static_cast<float>(random.normal()));
    s.train.classes.push_back(i % 3);
  }
  s.train.class_names = {"a", "b", "c"};
  s.validation = s.train;
  Model model("linear 150, relu, dropout 0.3, batch_norm, linear 3", {100},
              {.seed = 3, .l2 = {{"*", 1e-3}}});
  fit(model, s, {.epochs = 2, .batch = 130, .seed = seed, .threads = threads, .clip_norm = 0.5});
  return values(model);
}

TEST(Fit, SameBitsForAnyNumberOfThreads) {
  const std::vector<float> one = trained(1, 7);
  EXPECT_EQ(one, trained(1, 7));
  EXPECT_EQ(one, trained(2, 7));
  EXPECT_EQ(one, trained(8, 7));
  EXPECT_NE(one, trained(1, 8));
}

TEST(Fit, SeedDecidesOrderAndDropout) {
  const auto after = [](const char* text, bool shuffle, std::uint64_t seed) {
    const Splits s = data::blobs({.rows = 50});
    Model model(text, s.features());
    fit(model, s, {.epochs = 2, .batch = 16, .seed = seed, .shuffle = shuffle});
    return values(model);
  };
  EXPECT_NE(after("linear 3", true, 1), after("linear 3", true, 2));
  EXPECT_EQ(after("linear 3", false, 1), after("linear 3", false, 2));
  EXPECT_NE(after("dropout 0.5, linear 3", false, 1), after("dropout 0.5, linear 3", false, 2));
}

// Losses 1 and 9 in steps of their own, and nothing moves.
TEST(Fit, TrainLossIsTheMeanOverTheEpochsSteps) {
  Model model = line_model(2);
  const History h =
      fit(model, line({1, 1}, {1, -1}), {.optimizer = Sgd{.lr = 0}, .epochs = 3, .batch = 1});
  for (const EpochRow& row : h.epochs) EXPECT_EQ(row.train.loss, 5) << row.epoch;

  // Without weights every row is given class 0: three of four are right.
  Splits s = data::xor_gate();
  s.train.classes = {0, 0, 0, 1};
  Model zero("linear 2", s.features(), {.init = "zeros"});
  const History g = fit(zero, s, {.optimizer = Sgd{.lr = 0}, .epochs = 3, .batch = 3});
  for (const EpochRow& row : g.epochs) EXPECT_EQ(row.train.accuracy, 0.75) << row.epoch;
}

TEST(Fit, MovesRunningStatistics) {
  const Splits s = data::xor_gate();
  Model model("batch_norm, linear 2", s.features());
  const std::size_t trainable = model.params().trainable().size();
  const std::vector<float> before = values(model);
  fit(model, s, {.epochs = 1});
  const std::vector<float> after = values(model);
  ASSERT_GT(before.size(), trainable);
  EXPECT_NE(std::vector<float>(before.begin() + static_cast<Index>(trainable), before.end()),
            std::vector<float>(after.begin() + static_cast<Index>(trainable), after.end()));
}

TEST(Fit, StepsDecide) {
  const Splits s = data::blobs({.rows = 125});  // 100 rows to train on
  Model model("linear 3", s.features());
  const History h = fit(model, s, {.epochs = 1, .steps = 25, .batch = 10});
  EXPECT_EQ(h.steps, 25);
  ASSERT_EQ(h.epochs.size(), 3u);
  EXPECT_EQ(h.epochs[0].step, 10);
  EXPECT_EQ(h.epochs[1].step, 20);
  EXPECT_EQ(h.epochs[2].step, 25);
  EXPECT_EQ(h.epochs[2].epoch, 3);
}

TEST(Fit, Schedules) {
  std::vector<double> rates;
  AfterStep note([&](const StepInfo& info) { rates.push_back(info.lr); });
  Model model = line_model(2);
  const History h = fit(model, line({1, 2}, {1, 2}),
                        {.optimizer = Sgd{.lr = 0.25},
                         .schedule = Schedule::step(1, 0.5).warmup(2),
                         .epochs = 2,
                         .batch = 1,
                         .observers = {&note}});
  EXPECT_EQ(rates, (std::vector<double>{0.125, 0.25, 0.125, 0.125}));
  EXPECT_EQ(h.epochs[1].lr, 0.125);
}

// The loss grows from the first step on: the best of the validation part is epoch 1.
TEST(Fit, KeepsTheBestEpochOfTheValidationPart) {
  Splits s = line({1}, {1});
  s.validation.floats = {1}, s.validation.targets = {-1};
  Model model = line_model(0);
  const History h = fit(model, s, {.optimizer = Sgd{.lr = 0.0625}, .epochs = 5});
  EXPECT_EQ(h.best_epoch, 1);
  EXPECT_EQ(model.params()["fc1.weight"][0], 0.125f);
  EXPECT_NEAR(evaluate(model, s.validation).loss, h.epochs[0].validation.loss, 1e-6);
  EXPECT_GT(h.epochs[4].validation.loss, h.epochs[0].validation.loss);

  // Without validation part the last parameters stay, whatever the test part says.
  s.test = s.validation;
  s.validation = {};
  s.validation.features = {1};
  Model last = line_model(0);
  EXPECT_EQ(fit(last, s, {.optimizer = Sgd{.lr = 0.0625}, .epochs = 5}).best_epoch, 5);
  EXPECT_GT(last.params()["fc1.weight"][0], 0.125f);
}

TEST(Fit, MonitorsAccuracy) {
  Splits s = data::blobs({.rows = 300});
  s.validation = s.test;
  Model model("linear 8, relu, linear 3", s.features(), {.seed = 1});
  const History h =
      fit(model, s, {.optimizer = Adam{.lr = 0.03}, .epochs = 12, .monitor = Monitor::accuracy});
  for (const EpochRow& row : h.epochs) {
    EXPECT_LE(row.validation.accuracy, h.best()->validation.accuracy);
    if (row.epoch < h.best_epoch) {
      EXPECT_LT(row.validation.accuracy, h.best()->validation.accuracy);
    }
  }
  EXPECT_EQ(evaluate(model, s.validation).accuracy, h.best()->validation.accuracy);
}

TEST(Fit, StopsEarly) {
  Splits s = line({1}, {1});
  s.validation.floats = {1}, s.validation.targets = {-1};
  Model model = line_model(0);
  const History h = fit(model, s, {.optimizer = Sgd{.lr = 0.0625}, .epochs = 50, .patience = 3});
  EXPECT_EQ(h.stopped, StopReason::early);
  EXPECT_EQ(h.epochs.size(), 4u);
  EXPECT_EQ(h.best_epoch, 1);
  EXPECT_EQ(model.params()["fc1.weight"][0], 0.125f);

  // Without validation part the training loss is watched: it falls, but by less than 0.9.
  Model slow = line_model(0);
  const History g =
      fit(slow, line({1}, {1}),
          {.optimizer = Sgd{.lr = 0.0625}, .epochs = 50, .patience = 2, .min_delta = 0.9});
  EXPECT_EQ(g.stopped, StopReason::early);
  EXPECT_EQ(g.epochs.size(), 3u);
}

TEST(Fit, ReducesTheRateOnAPlateau) {
  Splits s = line({1}, {1});
  s.validation.floats = {1}, s.validation.targets = {-1};
  Model model = line_model(0);
  const History h =
      fit(model, s,
          {.optimizer = Sgd{.lr = 0.0625}, .schedule = Schedule::plateau(0.5, 1), .epochs = 5});
  std::vector<double> rates;
  for (const EpochRow& row : h.epochs) rates.push_back(row.lr);
  EXPECT_EQ(rates, (std::vector<double>{0.0625, 0.0625, 0.0625, 0.03125, 0.03125}));
}

TEST(Fit, StopsWhenAsked) {
  std::atomic<bool> stop = false;
  AfterStep ask([&](const StepInfo& info) { stop = info.step == 7; });
  const Splits s = data::blobs({.rows = 125});
  Model model("linear 3", s.features());
  const FitOptions options{.epochs = 9, .batch = 25, .observers = {&ask}, .stop = &stop};
  const History h = fit(model, s, options);
  EXPECT_EQ(h.stopped, StopReason::interrupted);
  EXPECT_EQ(h.steps, 7);
  ASSERT_EQ(h.epochs.size(), 2u);
  EXPECT_EQ(h.epochs[1].step, 7);
  EXPECT_EQ(h.best_epoch, 2);
}

/// Remembers the parameters after each step and how the run ended.
struct Recorder : Observer {
  explicit Recorder(const Model& m) : model(m) { path.push_back(values(m)); }
  void on_start(const RunInfo& info) override { planned = info.steps; }
  void on_step(const StepInfo& info) override {
    EXPECT_EQ(static_cast<std::size_t>(info.step), path.size());
    path.push_back(values(model));
    losses.push_back(info.loss);
  }
  void on_epoch(const EpochInfo& info) override { epochs.push_back(info.row.epoch); }
  void on_end(const History& h) override { end = h.stopped; }
  const Model& model;
  std::int64_t planned = 0;
  std::vector<std::vector<float>> path;
  std::vector<double> losses;
  std::vector<Index> epochs;
  StopReason end = StopReason::finished;
};

TEST(Fit, TellsObservers) {
  const Splits s = data::xor_gate();
  Model model("linear 2", s.features());
  Recorder recorder(model);
  fit(model, s, {.epochs = 3, .batch = 3, .observers = {&recorder}});
  EXPECT_EQ(recorder.planned, 6);
  EXPECT_EQ(recorder.losses.size(), 6u);
  EXPECT_EQ(recorder.epochs, (std::vector<Index>{1, 2, 3}));
  EXPECT_EQ(recorder.path.back(), values(model));
}

// Each step multiplies the error by 1 - 2 * 1e4 * 2: after nine steps its square is beyond float.
TEST(Fit, NanStopsBeforeTheUpdate) {
  Model model = line_model(2);
  Recorder recorder(model);
  const std::string what = refusal([&] {
    fit(model, line({1}, {0}),
        {.optimizer = Sgd{.lr = 1e4}, .epochs = 100, .observers = {&recorder}});
  });
  const std::string step = cat("training stopped in step ", recorder.path.size(), " (epoch ",
                               recorder.path.size(), "): ");
  EXPECT_EQ(what.substr(0, step.size()), step);
  EXPECT_NE(what.find("not finite"), std::string::npos) << what;
  EXPECT_NE(what.find(cat("the last good loss was ", recorder.losses.back())), std::string::npos)
      << what;
  EXPECT_EQ(values(model), recorder.path.back());
  EXPECT_EQ(recorder.end, StopReason::diverged);
}

TEST(Fit, NanNamesTheLayer) {
  Model model("linear 4, relu, linear 1", {1}, {.loss = "squared_error"});
  model.params()["fc2.weight"][2] = std::nanf("");
  const std::string what = refusal([&] { fit(model, line({1}, {0})); });
  EXPECT_NE(what.find("training stopped in step 1 (epoch 1): parameter 'fc2.weight' is not finite"),
            std::string::npos)
      << what;
  Model large("linear 4, relu, linear 1", {1}, {.loss = "squared_error"});
  for (float& w : large.params()["fc2.weight"]) w = 1e38f;
  for (float& b : large.params()["fc1.bias"]) b = 1e10f;
  const std::string layer = refusal([&] { fit(large, line({1}, {0})); });
  EXPECT_NE(layer.find("the output of 'fc2' is not finite"), std::string::npos) << layer;
}

// y = 1e19 for t = 0: the loss is 1e38, but dw = 2 * 1e19 * 1e20 is beyond float.
TEST(Fit, NanInTheGradientAlone) {
  Model model = line_model(0);
  model.params()["fc1.bias"][0] = 1e19f;
  const std::vector<float> before = values(model);
  const std::string what = refusal([&] { fit(model, line({1e20f}, {0})); });
  EXPECT_NE(what.find("training stopped in step 1 (epoch 1): the gradient of 'fc1.weight' is not "
                      "finite; the model has the parameters that it had before training"),
            std::string::npos)
      << what;
  EXPECT_EQ(values(model), before);
}

// The step itself overflows: what was before training comes back.
TEST(Fit, ParametersThatOverflowAreTakenBack) {
  Model model = line_model(1e10f);
  const std::string what =
      refusal([&] { fit(model, line({1}, {0}), {.optimizer = Sgd{.lr = 1e35}, .epochs = 3}); });
  EXPECT_NE(what.find("the model has the parameters that it had before training"),
            std::string::npos)
      << what;
  EXPECT_EQ(model.params()["fc1.weight"][0], 1e10f);
}

TEST(Fit, RefusesWhatDoesNotFit) {
  const Splits s = data::blobs({.rows = 125});
  Model model("linear 3", s.features());
  const std::vector<float> before = values(model);
  const auto with = [&](const FitOptions& options) {
    return refusal([&] { fit(model, s, options); });
  };
  EXPECT_EQ(with({.epochs = 0}), "the number of epochs is 0, expected at least 1");
  EXPECT_EQ(with({.steps = -1}), "the number of steps is -1, expected at least 0");
  EXPECT_EQ(with({.batch = 0}), "the batch has 0 rows, expected at least 1");
  EXPECT_EQ(with({.clip_norm = -1}), "the limit for clipping by norm is -1, expected at least 0");
  EXPECT_NE(with({.clip_value = NAN}), "accepted");
  EXPECT_EQ(with({.epochs = Index{1} << 60}), "more than 2^40 training steps were asked for");
  EXPECT_NE(with({.threads = -1}), "accepted");

  Model four("linear 4", s.features());
  EXPECT_NE(refusal([&] { fit(four, s); }).find("3 classes, the model has 4 outputs"),
            std::string::npos);
  Splits empty = s;
  empty.train = s.train.subset({});
  empty.train.name = "nothing";
  EXPECT_EQ(refusal([&] { fit(model, empty); }), "'nothing' has no rows to train on");
  Splits nan = s;
  nan.train.floats[3] = NAN;
  EXPECT_NE(refusal([&] { fit(model, nan); }), "accepted");
  Splits odd = s;
  odd.validation = data::blobs({.rows = 125, .classes = 4}).train;
  EXPECT_NE(refusal([&] { fit(model, odd); }).find("4 classes, the model has 3 outputs"),
            std::string::npos);
  EXPECT_EQ(refusal([&] {
              Model number = line_model(1);
              fit(number, line({1}, {1}), {.monitor = Monitor::accuracy});
            }),
            "accuracy cannot be monitored: the data have no classes");
  EXPECT_EQ(values(model), before);
}

}  // namespace
}  // namespace chainrule
