// Frozen parameters, groups with settings of their own, several batches in one step.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "chainrule/data/toy.h"
#include "chainrule/optim/optimizers.h"
#include "chainrule/optim/sgd.h"
#include "chainrule/train/fit.h"

namespace chainrule {
namespace {

constexpr std::string_view kText = "linear 8, tanh, linear 1";

std::vector<float> trained(const FitOptions& options, std::string_view text = kText) {
  const Splits data = data::moons({.seed = 3});
  Model model(text, data.features(), {.loss = "binary_cross_entropy_logits", .seed = 1});
  fit(model, data, options);
  return {model.params().all().begin(), model.params().all().end()};
}

FitOptions plain(Index batch = 32) {
  FitOptions o;
  o.optimizer = Sgd{.lr = 0.1, .momentum = 0.5};
  o.steps = 12, o.batch = batch, o.seed = 2;
  return o;
}

double largest_relative(const std::vector<float>& a, const std::vector<float>& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    worst =
        std::max(worst, std::abs(double{a[i]} - double{b[i]}) / (1e-2 + std::abs(double{b[i]})));
  return worst;
}

TEST(Groups, FourBatchesOf32AreOneOf128) {
  FitOptions parts = plain(32);
  parts.accumulate = 4;
  EXPECT_LT(largest_relative(trained(parts), trained(plain(128))), 1e-5);
  EXPECT_GT(largest_relative(trained(plain(32)), trained(plain(128))), 1e-3);
  // A last batch that is shorter.
  parts.batch = 48;
  EXPECT_LT(largest_relative(trained(parts), trained(plain(192))), 1e-5);
}

TEST(Groups, FrozenParametersKeepTheirBits) {
  const Splits data = data::moons({.seed = 3});
  const Model start(kText, data.features(), {.loss = "binary_cross_entropy_logits", .seed = 1});
  FitOptions o = plain();
  o.optimizer = make_optimizer("adamw", {{"weight_decay", 0.1}});
  o.frozen = {"fc1.*"};
  Model model = start.fresh(1);
  fit(model, data, o);
  for (const char* name : {"fc1.weight", "fc1.bias"})
    EXPECT_TRUE(std::ranges::equal(model.params()[name], start.params()[name])) << name;
  EXPECT_FALSE(std::ranges::equal(model.params()["fc2.weight"], start.params()["fc2.weight"]));
  o.frozen = {"*"};
  EXPECT_THROW(fit(model, data, o), Error);
  o.frozen = {"fc9.*"};
  EXPECT_THROW(fit(model, data, o), Error);
}

TEST(Groups, HaveSettingsOfTheirOwn) {
  // A group with the same settings changes nothing.
  FitOptions same = plain();
  same.groups = {{"fc2.*", Sgd{.lr = 0.1, .momentum = 0.5}}};
  EXPECT_EQ(trained(same), trained(plain()));
  // One with a rate of 0 stands still, the others go on as before in the first step.
  FitOptions still = plain();
  still.steps = 1;
  still.groups = {{"fc1.*", Sgd{.lr = 0.0, .momentum = 0.5}}};
  FitOptions first = plain();
  first.steps = 1;
  FitOptions frozen = first;
  frozen.frozen = {"fc1.*"};
  EXPECT_EQ(trained(still), trained(frozen));
  FitOptions other = plain();
  other.groups = {{"fc1.*", make_optimizer("adam")}};
  EXPECT_THROW(trained(other), Error);
}

}  // namespace
}  // namespace chainrule
