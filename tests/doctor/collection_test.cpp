// Healthy runs and what makes them sick, one thing at a time: the doctor must see it, name it, and
// find a change that helps. Every fifth always; with CHAINRULE_ALL_RUNS=1 all
// (scripts/prove_doctor.sh), and the table is printed.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <gtest/gtest.h>
#include <iostream>
#include <set>

#include "chainrule/core/random.h"
#include "chainrule/data/digits.h"
#include "chainrule/data/toy.h"
#include "chainrule/doctor/doctor.h"
#include "chainrule/model/layer_table.h"

namespace chainrule::testing {
namespace {

/// A run as flags describe it.
struct Patient {
  std::string name, text;
  Splits data;
  ModelOptions options;
  std::string optimizer = "adam";
  OptimizerSettings settings = {};
  Index batch = 32;
  std::int64_t steps = 300;
  double clip_norm = 0;
};

struct Sick {
  std::string what;
  std::set<std::string> causes;  ///< that may be named first
  std::function<void(Patient&)> change;
  bool fixable = true;  ///< is there a flag that mends it?
};

Diagnosis diagnosed(const Patient& r) {
  ModelOptions options = r.options;
  options.seed = 1;
  Model model(r.text, r.data.features(), options);
  FitOptions run{.optimizer = make_optimizer(r.optimizer, r.settings),
                 .steps = r.steps,
                 .batch = r.batch,
                 .seed = 1,
                 .threads = 1,
                 .clip_norm = r.clip_norm};
  return diagnose(model, r.data, {.run = run, .settings = r.settings});
}

/// 7 x 7 pixels, each the mean of sixteen.
Splits tiny_digits() {
  Splits s = data::digits({.train = 600, .test = 200, .threads = 1});
  for (Dataset* d : {&s.train, &s.test}) {
    for (std::size_t at = 0; at < d->bytes.size(); at += 784)
      for (std::size_t y = 0; y < 28; y += 4)
        for (std::size_t x = 0; x < 28; x += 4) {
          float sum = 0;
          for (std::size_t i = 0; i < 16; ++i)
            sum += static_cast<float>(d->bytes[at + (y + i / 4) * 28 + x + i % 4]);
          d->floats.push_back(sum / 16 / 255);
        }
    d->bytes.clear(), d->features = {49}, d->image = {};
  }
  s.schema = {};
  return s;
}

/// A smooth function of three inputs.
Splits smooth(Index rows) {
  Splits s;
  Random random(4);
  for (Dataset* d : {&s.train, &s.test}) {
    d->features = {3};
    d->target_names = {"y"};
    for (Index r = 0; r < (d == &s.train ? rows : rows / 3); ++r) {
      float x[3];
      for (float& v : x) d->floats.push_back(v = static_cast<float>(random.normal()));
      d->targets.push_back(std::tanh(2 * x[0]) + x[1] * x[2] + 0.5F * x[1]);
    }
  }
  return s;
}

std::vector<Patient> healthy_runs() {
  const ModelOptions yes_or_no = {.loss = "binary_cross_entropy_logits"};
  return {
      {"moons",
       "linear 16, relu, linear 16, relu, linear 1",
       data::moons(),
       yes_or_no,
       "adam",
       {{"lr", 0.01}}},
      {"circles",
       "linear 16, tanh, linear 1",
       data::circles(),
       yes_or_no,
       "adam",
       {{"lr", 0.02}},
       32,
       400},
      {"digits", "linear 32, relu, linear 10", tiny_digits(), {}, "adam", {{"lr", 0.005}}},
      {"smooth",
       "linear 32, relu, linear 1",
       smooth(600),
       {.loss = "squared_error"},
       "adam",
       {{"lr", 0.01}},
       32,
       600},
      {"spiral",
       "linear 32, relu, linear 32, relu, linear 3",
       data::spiral(),
       {},
       "adam",
       {{"lr", 0.01}},
       32,
       600},
      {"digits by sgd",
       "linear 32, tanh, linear 10",
       tiny_digits(),
       {},
       "momentum",
       {{"lr", 0.05}, {"momentum", 0.9}}},
  };
}

void each_part(Patient& r, const std::function<void(Dataset&)>& f) {
  f(r.data.train), f(r.data.test);
}

/// The text without activations, or with another one.
std::string with_activations(const std::string& text, const std::string& other) {
  std::string result;
  for (const LayerSpec& l : parse_model(text)) {
    const bool dense = l.kind && l.kind->prefix == "fc";
    if (!dense && other.empty()) continue;
    result += (result.empty() ? "" : ", ") + (dense ? l.text() : other);
  }
  return result;
}

std::vector<Sick> sicknesses(const Patient& run) {
  const bool numbers = !run.data.train.has_classes();
  const Index outputs = numbers || run.data.train.class_count() == 2 ? 1 : 10;
  std::vector<Sick> all = {
      {"rate 1000 times too high",
       {"learning rate too high"},
       [](Patient& r) { r.settings["lr"] *= 1000; }},
      {"rate 10,000 times too low",
       {"learning rate too low", "updates too small for the weights"},
       [](Patient& r) { r.settings["lr"] *= 1e-4; }},
      {"penalty", {"penalty too strong"}, [](Patient& r) { r.options.l2["*.weight"] = 3; }},
      {"dropout",
       {"dropout too strong"},
       [](Patient& r) {
         const std::size_t at = r.text.rfind(", linear");
         r.text.insert(at, ", dropout 0.97");
       }},
      {"clipping",
       {"clipping too tight", "learning rate too low"},
       [](Patient& r) {
         r.optimizer = "sgd", r.settings = {{"lr", 0.1}}, r.clip_norm = 1e-4;
       }},
      {"no activations",
       {"no activation between layers"},
       [](Patient& r) { r.text = with_activations(r.text, ""); }},
      {"nine layers of sigmoid",
       {"vanishing gradient", "saturated sigmoid"},
       [](Patient& r) {
         const std::string last = r.text.substr(r.text.rfind("linear"));
         r.text.clear();
         for (int i = 0; i < 8; ++i) r.text += "linear 12, sigmoid, ";
         r.text += last;
         r.optimizer = "sgd", r.settings = {{"lr", 0.1}};
       }},
      {"one unit",
       {"too few units"},
       [](Patient& r) { r.text = "linear 1, relu, " + r.text.substr(r.text.rfind("linear")); }},
      {"four steps", {"too few steps", "learning rate too low"}, [](Patient& r) { r.steps = 4; }},
      {"inputs times 3,000",
       {"inputs not normalised", "targets not scaled"},
       [](Patient& r) {
         each_part(r, [](Dataset& d) {
           for (float& x : d.floats) x = 3000 * x + 5000;
         });
       }},
      {"labels in another order",
       {"labels do not belong to the inputs"},
       [](Patient& r) {
         each_part(r, [](Dataset& d) {
           Random random(9);
           for (std::size_t i = static_cast<std::size_t>(d.rows()); i > 1; --i) {
             const std::size_t other = random.below(static_cast<std::uint32_t>(i));
             if (d.has_classes())
               std::swap(d.classes[i - 1], d.classes[other]);
             else
               std::swap(d.targets[i - 1], d.targets[other]);
           }
         });
       },
       false},
      {"weights of 0",
       {"symmetric initialisation", "initialisation"},
       [](Patient& r) { r.options.init = "normal:0"; }},
      {"weights of 20",
       {"initialisation too large", "initialisation"},
       [](Patient& r) { r.options.init = "normal:20"; }},
      {"the same row always",
       {"constant inputs"},
       [](Patient& r) {
         each_part(r, [](Dataset& d) {
           const auto width = static_cast<std::size_t>(d.features.size());
           for (std::size_t i = width; i < d.floats.size(); ++i) d.floats[i] = d.floats[i - width];
         });
       },
       false},
  };
  if (numbers) {
    all.push_back({"targets times 10,000", {"targets not scaled"}, [](Patient& r) {
                     each_part(r, [](Dataset& d) {
                       for (float& t : d.targets) t = 10000 * t + 50000;
                     });
                   }});
    all.push_back(
        {"relu at the end", {"loss does not fit the last layer", "dead ReLUs"}, [](Patient& r) {
           r.text += ", relu";
           each_part(r, [](Dataset& d) {
             for (float& t : d.targets) t -= 3;
           });
         }});
  } else if (outputs > 1) {
    all.push_back({"softmax twice, far from its inputs",
                   {"loss does not fit the last layer"},
                   [](Patient& r) { r.text += ", sigmoid, softmax"; }});
  }
  if (run.name == "moons")  // a straight line is nearly as good
    std::erase_if(all, [](const Sick& s) { return s.what == "no activations"; });
  if (run.name.starts_with("digits"))
    std::erase_if(all, [](const Sick& s) { return s.what == "no activations"; });
  return all;
}

std::string told(const Diagnosis& d) {
  std::string s = d.answer.sentence;
  for (const Finding& f : d.findings)
    s += cat("\n    ", to_string(f.severity), ": ", f.cause, ": ", f.detail);
  return s;
}

TEST(DoctorCollection, SickRunsAndTheirTwins) {
  const bool all = std::getenv("CHAINRULE_ALL_RUNS") != nullptr;
  int runs = 0, detected = 0, right = 0, fixable = 0, fixed = 0, number = 0;
  for (const Patient& healthy : healthy_runs())
    for (const Sick& s : sicknesses(healthy)) {
      if (number++ % 5 != 0 && !all) continue;
      Patient r = healthy;
      s.change(r);
      const Diagnosis d = diagnosed(r);
      const std::string what = cat(healthy.name, ", ", s.what);
      const bool seen = !d.findings.empty() && d.findings[0].severity != Severity::note;
      const bool named = seen && s.causes.contains(d.findings[0].cause);
      const bool mended = seen && !d.findings[0].tried.empty();
      ++runs, detected += seen, right += named, fixable += s.fixable;
      fixed += s.fixable && mended;
      if (all)
        std::cout << (named  ? "right    "
                      : seen ? "detected "
                             : "MISSED   ")
                  << what << ": " << (seen ? d.findings[0].cause : "")
                  << (mended ? " (mended)" : "") << "\n";
      if (!named && all) std::cout << "    " << told(d) << "\n";
      EXPECT_TRUE(seen) << what << ": " << told(d);
    }
  if (all)
    std::cout << "runs " << runs << ", detected " << detected << ", right cause first " << right
              << ", mended " << fixed << " of " << fixable << "\n";
  EXPECT_GE(right, 0.8 * runs);
  EXPECT_GE(fixed, 0.75 * fixable);
  if (all) {
    EXPECT_GE(runs, 60);
  }
}

TEST(DoctorCollection, HealthyTwinsHaveNothingSerious) {
  const bool all = std::getenv("CHAINRULE_ALL_RUNS") != nullptr;
  int serious = 0, runs = 0;
  for (const Patient& healthy : healthy_runs())
    for (int seed = 1; seed <= (all ? 14 : 1); ++seed) {
      Patient r = healthy;
      r.settings["lr"] *= std::pow(1.1, seed % 5 - 2);
      r.steps += 10 * seed, r.batch += seed % 3 * 8;
      const Diagnosis d = diagnosed(r);
      ++runs;
      for (const Finding& f : d.findings) {
        if (f.severity != Severity::serious) continue;
        ++serious;
        std::cout << healthy.name << " " << seed << ": " << told(d) << "\n";
        break;
      }
      EXPECT_TRUE(d.answer.beats_constant) << healthy.name << seed << told(d);
    }
  if (all) std::cout << "healthy runs " << runs << ", with something serious " << serious << "\n";
  EXPECT_LE(serious, all ? 2 : 0);
}

/// Whatever the run: fine is only what beats a constant and is no worse than a line.
TEST(DoctorCollection, NothingIsFineThatDidNotLearn) {
  const bool all = std::getenv("CHAINRULE_ALL_RUNS") != nullptr;
  Random random(5);
  int silent = 0;
  for (int i = 0; i < (all ? 300 : 30); ++i) {
    const std::vector<Patient> runs = healthy_runs();
    Patient r = runs[random.below(static_cast<std::uint32_t>(runs.size()))];
    const std::vector<Sick> sick = sicknesses(r);
    for (std::uint32_t k = random.below(3); k > 0; --k)
      sick[random.below(static_cast<std::uint32_t>(sick.size()))].change(r);
    r.steps = std::min<std::int64_t>(r.steps, 100);
    const Diagnosis d = diagnosed(r);
    const Answer& a = d.answer;
    const bool fine = std::ranges::none_of(
        d.findings, [](const Finding& f) { return f.severity != Severity::note; });
    silent += fine;
    if (!fine) continue;
    EXPECT_TRUE(a.learned) << told(d);
    EXPECT_GT(a.score, a.constant) << told(d);
    EXPECT_GT(a.score, a.linear - 0.1) << told(d);
  }
  if (all) std::cout << "called fine: " << silent << "\n";
}

}  // namespace
}  // namespace chainrule::testing
