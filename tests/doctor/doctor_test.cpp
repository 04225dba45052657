// Sick runs with a planted cause, and healthy ones.
#include "chainrule/doctor/doctor.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "chainrule/core/random.h"
#include "chainrule/data/digits.h"
#include "chainrule/data/toy.h"
#include "chainrule/optim/sgd.h"

namespace chainrule::testing {
namespace {

/// Pictures of 14 x 14 pixels: each the mean of four.
Splits small_digits(Index train, Index test) {
  Splits s = data::digits({.train = train, .test = test, .threads = 1});
  for (Dataset* d : {&s.train, &s.test}) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t at = 0; at < d->bytes.size(); at += 784)
      for (std::size_t y = 0; y < 28; y += 2)
        for (std::size_t x = 0; x < 28; x += 2) {
          const std::uint8_t* p = d->bytes.data() + at + y * 28 + x;
          bytes.push_back(static_cast<std::uint8_t>((p[0] + p[1] + p[28] + p[29]) / 4));
        }
    d->bytes = bytes, d->features = {196}, d->image = {14, 14};
  }
  return s;
}
const Splits& digits() {
  static const Splits data = small_digits(600, 200);
  return data;
}

/// y = a smooth function of three inputs.
Splits curve(Index rows) {
  Splits s;
  Random random(4);
  for (Dataset* d : {&s.train, &s.test}) {
    d->features = {3};
    d->target_names = {"y"};
    for (Index r = 0; r < (d == &s.train ? rows : rows / 4); ++r) {
      float x[3];
      for (float& v : x) d->floats.push_back(v = static_cast<float>(random.normal()));
      d->targets.push_back(std::tanh(x[0]) + 0.5F * x[1] * x[2]);
    }
  }
  return s;
}

struct Case {
  const char* what;
  const char* cause;  ///< planted; "" for a healthy run
  std::string model;
  Splits data;
  ModelOptions options = {};
  FitOptions run = {};
  std::function<void(Model&)> prepare = nullptr;
};

FitOptions adam(double lr, Index batch = 32, std::int64_t steps = 120) {
  return {.optimizer = Adam{.lr = lr}, .steps = steps, .batch = batch, .threads = 1};
}
FitOptions sgd(double lr, Index batch = 32, std::int64_t steps = 120) {
  return {.optimizer = Sgd{.lr = lr}, .steps = steps, .batch = batch, .threads = 1};
}

Diagnosis diagnose(const Case& c) {
  ModelOptions options = c.options;
  options.seed = 1;
  Model model(c.model, c.data.features(), options);
  if (c.prepare) c.prepare(model);
  return chainrule::diagnose(model, c.data, {.run = c.run});
}

std::string listed(const Diagnosis& d) {
  std::string s;
  for (const Finding& f : d.findings)
    s += cat("\n  ", to_string(f.severity), ": ", f.cause, " (", f.at, "): ", f.detail);
  return s;
}

Splits changed(Splits s, const std::function<void(Dataset&)>& change) {
  change(s.train), change(s.test);
  return s;
}
/// Pixels of 0 to 255 in place of 0 to 1.
void as_large_floats(Dataset& d) {
  for (const std::uint8_t b : d.bytes) d.floats.push_back(b);
  d.bytes.clear();
}
void shuffle_classes(Dataset& d) {
  Random random(8);
  for (std::size_t i = d.classes.size(); i > 1; --i)
    std::swap(d.classes[i - 1], d.classes[random.below(static_cast<std::uint32_t>(i))]);
}
std::function<void(Model&)> fill(const char* name, float value) {
  return [=](Model& m) { std::ranges::fill(m.params()[name], value); };
}

std::vector<Case> sick() {
  const std::string small = "linear 32, relu, linear 10";
  std::string deep;
  for (int i = 0; i < 8; ++i) deep += "linear 24, sigmoid, ";
  std::string linear;
  for (int i = 0; i < 6; ++i) linear += "linear 40, relu, ";
  const ModelOptions yes_or_no = {.loss = "binary_cross_entropy_logits"};
  return {
      {"sgd far too fast", "learning rate too high", small, digits(), {}, sgd(10)},
      {"adam far too fast", "learning rate too high", small, digits(), {}, adam(1)},
      {"updates next to nothing",
       "updates too small for the weights",
       small,
       digits(),
       {},
       sgd(1e-7)},
      {"sgd far too slow", "learning rate too low", small, digits(), {}, sgd(1e-5)},
      {"biases of -20", "dead ReLUs", small, digits(), {}, adam(0.001), fill("fc1.bias", -20)},
      {"biases of 20 before sigmoid",
       "saturated sigmoid",
       "linear 32, sigmoid, linear 10",
       digits(),
       {},
       adam(0.001),
       fill("fc1.bias", 20)},
      {"weights of 1 before tanh",
       "initialisation too large",
       "linear 32, tanh, linear 10",
       digits(),
       {.init = "normal:1"},
       adam(0.001)},
      {"bytes before tanh",
       "inputs not normalised",
       "linear 32, tanh, linear 10",
       changed(digits(), as_large_floats),
       {},
       adam(0.001)},
      {"eight layers of sigmoid", "vanishing gradient", deep + "linear 10", digits(), {}, sgd(0.1)},
      {"six layers of wide weights",
       "exploding gradient",
       linear + "linear 10",
       digits(),
       {.init = "normal:1"},
       sgd(1e-4)},
      {"hidden weights of 0",
       "symmetric initialisation",
       "linear 32, tanh, linear 10",
       digits(),
       {.init = "normal:0"},
       adam(0.001)},
      {"the same row always",
       "constant inputs",
       small,
       changed(digits(),
               [](Dataset& d) {
                 for (std::size_t i = 196; i < d.bytes.size(); ++i) d.bytes[i] = d.bytes[i - 196];
               }),
       {},
       adam(0.001)},
      {"shuffled labels",
       "labels do not belong to the inputs",
       small,
       changed(digits(), shuffle_classes),
       {},
       adam(0.001)},
      {"shuffled targets",
       "labels do not belong to the inputs",
       "linear 16, tanh, linear 1",
       changed(curve(400), [](Dataset& d) { std::ranges::reverse(d.targets); }),
       {.loss = "squared_error"},
       adam(0.01)},
      {"almost all of one class", "labels out of balance", "linear 16, relu, linear 1",
       changed(data::moons(),
               [](Dataset& d) {
                 std::vector<std::int32_t> rows;
                 for (std::size_t r = 0, ones = 0; r < d.classes.size(); ++r)
                   if (d.classes[r] == 0 || ones++ % 40 == 0)
                     rows.push_back(static_cast<std::int32_t>(r));
                 d = d.subset(rows);
               }),
       yes_or_no, adam(0.01)},
      {"softmax twice",
       "loss does not fit the last layer",
       small + ", softmax",
       digits(),
       {},
       adam(0.001)},
      {"squared error behind softmax",
       "loss does not fit the last layer",
       small + ", softmax",
       digits(),
       {.loss = "squared_error"},
       adam(0.001)},
      {"sigmoid before logits", "loss does not fit the last layer",
       "linear 16, relu, linear 1, sigmoid", data::moons(), yes_or_no, adam(0.01)},
      {"targets that sigmoid cannot give",
       "loss does not fit the last layer",
       "linear 16, relu, linear 1, sigmoid",
       curve(300),
       {.loss = "squared_error"},
       adam(0.01)},
      {"an infinite weight",
       "NaN or infinity",
       small,
       digits(),
       {},
       adam(0.001),
       [](Model& m) { m.params()["fc2.weight"][3] = std::numeric_limits<float>::infinity(); }},
      {"few rows by heart",
       "gap between training and test",
       "linear 128, relu, linear 10",
       small_digits(30, 200),
       {},
       adam(0.005, 30)},
      {"a last layer that relu shuts",
       "dead ReLUs",
       "linear 8, tanh, linear 1, relu",
       changed(curve(300),
               [](Dataset& d) {
                 for (float& t : d.targets) t = std::abs(t);
               }),
       {.loss = "squared_error"},
       adam(0.01),
       fill("fc2.bias", -50)},
      {"steps lost in rounding", "parameters never move", small, digits(), {}, sgd(1e-12)},
  };
}

TEST(Doctor, ThePlantedCauseIsFirstOrSecond) {
  const std::vector<Case> cases = sick();
  std::size_t right = 0;
  for (const Case& c : cases) {
    const Diagnosis d = diagnose(c);
    const auto at = std::ranges::find(d.findings, c.cause, &Finding::cause) - d.findings.begin();
    const bool found = at < std::min<std::ptrdiff_t>(2, std::ssize(d.findings));
    EXPECT_TRUE(found) << c.what << ": expected " << c.cause << ", got" << listed(d);
    if (!found) continue;
    ++right;
    const Finding& f = d.findings[static_cast<std::size_t>(at)];
    EXPECT_NE(f.severity, Severity::note) << c.what;
    EXPECT_FALSE(f.evidence.empty() && f.cause != "loss does not fit the last layer") << c.what;
    EXPECT_FALSE(f.advice.empty()) << c.what;
  }
  EXPECT_EQ(right, cases.size());
  EXPECT_GE(cases.size(), 15U);
}

TEST(Doctor, HealthyRunsHaveNothingSerious) {
  const ModelOptions yes_or_no = {.loss = "binary_cross_entropy_logits"};
  const std::vector<Case> healthy = {
      {"digits, relu", "", "linear 64, relu, linear 10", digits(), {}, adam(0.001, 32, 150)},
      {"digits, tanh, sgd", "", "linear 32, tanh, linear 10", digits(), {}, sgd(0.1)},
      {"digits, normalised and dropped",
       "",
       "linear 64, batch_norm, relu, dropout 0.2, linear 10",
       digits(),
       {},
       adam(0.002)},
      {"xor", "", "linear 4, tanh, linear 1", data::xor_gate(), yes_or_no, adam(0.05, 4, 300)},
      {"moons", "", "linear 16, relu, linear 16, relu, linear 1", data::moons(), yes_or_no,
       adam(0.005)},
      {"spiral",
       "",
       "linear 32, relu, linear 32, relu, linear 3",
       data::spiral(),
       {},
       adam(0.005, 32, 300)},
      {"blobs, linear", "", "linear 3", data::blobs(), {}, sgd(0.1)},
      {"circles, probabilities",
       "",
       "linear 16, tanh, linear 1, sigmoid",
       data::circles(),
       {.loss = "binary_cross_entropy"},
       adam(0.1)},
      {"regression",
       "",
       "linear 32, relu, linear 1",
       curve(600),
       {.loss = "squared_error"},
       adam(0.005)},
  };
  for (const Case& c : healthy) {
    const Diagnosis d = diagnose(c);
    EXPECT_TRUE(std::ranges::none_of(
        d.findings, [](const Finding& f) { return f.severity == Severity::serious; }))
        << c.what << ":" << listed(d);
    EXPECT_LT(d.last_loss, d.first_loss) << c.what;
  }
  EXPECT_GE(healthy.size(), 8U);
}

TEST(Doctor, LeavesTheModelAsItWasAndFindsTheSameAgain) {
  Model model("linear 16, batch_norm, relu, linear 10", digits().features(), {.seed = 3});
  const std::span<float> params = model.params().all();
  const std::vector<float> before(params.begin(), params.end());
  const Diagnosis one = chainrule::diagnose(model, digits(), {.run = sgd(5, 32, 30)});
  EXPECT_TRUE(std::ranges::equal(params, before));
  const Diagnosis two = chainrule::diagnose(model, digits(), {.run = sgd(5, 32, 30)});
  EXPECT_EQ(listed(one), listed(two));
  EXPECT_EQ(rates_svg(one, 5), rates_svg(two, 5));
}

TEST(Doctor, TheFirstInfinityIsNamedWithItsStep) {
  Case c{"", "", "linear 8, relu, linear 10", digits(), {}, sgd(0.1, 32, 20)};
  for (std::uint8_t& b : c.data.train.bytes) b = 255;
  c.prepare = [](Model& m) { std::ranges::fill(m.params()["fc1.weight"], 3e38F); };
  const Diagnosis d = diagnose(c);
  const auto f = std::ranges::find(d.findings, "NaN or infinity", &Finding::cause);
  ASSERT_NE(f, d.findings.end()) << listed(d);
  EXPECT_EQ(f->at, "fc1");
  EXPECT_EQ(f->evidence[0].second, 1);  // the step
}

TEST(Doctor, RatesAreDrawn) {
  Diagnosis d;
  d.first_loss = 2.3, d.suggested_rate = 0.1;
  d.rates = {{0.01, 2.0}, {0.1, 0.5}, {1, 40}, {10, std::numeric_limits<double>::quiet_NaN()}};
  const std::string svg = rates_svg(d, 10);
  for (const char* text : {"<svg", "learning rate", "this run: 10", "lowest: 0.1", "</svg>"})
    EXPECT_NE(svg.find(text), std::string::npos) << text;
}

}  // namespace
}  // namespace chainrule::testing
