// A step taken apart is the step that training makes.
#include "chainrule/explain/update.h"

#include <cmath>
#include <gtest/gtest.h>

#include "chainrule/data/toy.h"
#include "chainrule/train/fit.h"

namespace chainrule {
namespace {

Model fresh(const Splits& data) {
  return Model("linear 4, tanh, linear 3", data.features(),
               {.seed = 3, .l2 = {{"*.weight", 0.01}}});
}

void expect_the_step_of_fit(const std::string& name, const OptimizerSettings& settings,
                            double clip_norm) {
  const Splits data = data::blobs({.rows = 90});
  const Model model = fresh(data);
  const Element element = find_element(model.graph(), "fc1.weight[2,1]", 1);
  const UpdateExplanation u = explain_update(model, data.train, element,
                                             {.optimizer = name,
                                              .settings = settings,
                                              .batch = 10,
                                              .seed = 5,
                                              .clip_norm = clip_norm,
                                              .after = 3});
  const auto trained = [&](std::int64_t steps) {
    Model copy = fresh(data);
    fit(copy, data,
        {.optimizer = make_optimizer(name, settings),
         .steps = steps,
         .batch = 10,
         .seed = 5,
         .clip_norm = clip_norm});
    return static_cast<double>(copy.params()["fc1.weight"][element.offset]);
  };
  EXPECT_EQ(u.step, 4) << name;
  EXPECT_NEAR(u.before, trained(3), 1e-6) << name;
  EXPECT_NEAR(u.after, trained(4), 1e-6) << name;
  ASSERT_EQ(u.penalties.size(), 1U);
  EXPECT_NEAR(u.penalties[0].amount, 2 * 0.01 * u.before, 1e-7);
  EXPECT_NEAR(u.data_gradient + u.penalties[0].amount, u.gradient, 1e-12);
}

TEST(Update, IsTheStepOfTraining) {
  expect_the_step_of_fit("sgd", {{"lr", 0.5}}, 0);
  expect_the_step_of_fit("momentum", {{"lr", 0.1}, {"momentum", 0.9}, {"weight_decay", 0.01}}, 0);
  expect_the_step_of_fit("adam", {{"lr", 0.05}}, 0.1);
  expect_the_step_of_fit("adamw", {{"lr", 0.05}, {"weight_decay", 0.2}}, 0);
}

TEST(Update, EveryPartByHand) {
  const Splits data = data::blobs({.rows = 90});
  const Model model = fresh(data);
  const Element element = find_element(model.graph(), "fc1.weight[2,1]", 1);
  const UpdateExplanation u =
      explain_update(model, data.train, element,
                     {.optimizer = "momentum",
                      .settings = {{"lr", 0.5}, {"momentum", 0.9}, {"weight_decay", 0.1}},
                      .clip_norm = 0.01});
  EXPECT_GT(u.norm, 0.01);
  EXPECT_NEAR(u.clipped, u.gradient * 0.01 / u.norm, 1e-8);
  ASSERT_EQ(u.slots.size(), 1U);
  EXPECT_EQ(u.slots[0].before, 0);
  EXPECT_NEAR(u.slots[0].after, u.clipped + 0.1 * u.before, 1e-7);
  EXPECT_NEAR(u.after, u.before - 0.5 * u.slots[0].after, 1e-6);
  ASSERT_TRUE(u.decay);
  EXPECT_NEAR(*u.decay, -0.5 * 0.1 * u.before, 1e-6);
  EXPECT_THROW(explain_update(model, data.train, find_element(model.graph(), "fc1[0,0]", 1), {}),
               Error);
}

}  // namespace
}  // namespace chainrule
