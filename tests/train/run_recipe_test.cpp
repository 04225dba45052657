// A recipe reads back as it was written, and says what differs.
#include "chainrule/train/run_recipe.h"

#include <cmath>
#include <gtest/gtest.h>

#include "chainrule/core/error.h"
#include "chainrule/data/toy.h"

namespace chainrule {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

RunRecipe example(const FitOptions& options = {}) {
  Splits moons = data::moons({.seed = 1});
  moons.train.origin = {4, 0, 1, 2, 7};
  const Model model("linear 4, tanh, linear 1", Shape{2}, {.loss = "binary_cross_entropy_logits"});
  RunRecipe r = recipe_of_run({{"DATA", "moons"}, {"--l1", "a\nb"}}, model, moons, options);
  r.result = {{"test_loss", 0.25}, {"test_rmse", std::nan("")}};
  r.stopped = "finished", r.parameters = parameters_mark(model);
  return r;
}

TEST(RunRecipe, ReadsBackAsItWasWritten) {
  const RunRecipe r = example();
  EXPECT_EQ(r.train_rows, "1-3,5,8");
  EXPECT_EQ(r.test_rows, "");
  const RunRecipe again = parse_recipe(bytes_of(recipe_text(r)), "recipe.json");
  EXPECT_EQ(again.given, r.given);
  EXPECT_EQ(again.resolved, r.resolved);
  EXPECT_EQ(again.data, r.data);
  EXPECT_EQ(again.train_rows, r.train_rows);
  EXPECT_EQ(again.parameters, r.parameters);
  EXPECT_EQ(again.stopped, "finished");
  EXPECT_EQ(again.result.at("test_loss"), 0.25);
  EXPECT_TRUE(std::isnan(again.result.at("test_rmse")));
  EXPECT_EQ(difference_of(r, again), "");
}

TEST(RunRecipe, SaysWhatDiffers) {
  const RunRecipe r = example();
  EXPECT_EQ(difference_of(r, example({.batch = 64})), "batch 128, not 64");
  RunRecipe other = example();
  other.version = "0.0.1";
  EXPECT_EQ(difference_of(other, r), cat("version 0.0.1, not ", r.version));
}

TEST(RunRecipe, RefusesWhatIsNone) {
  const std::string good = recipe_text(example());
  for (std::size_t size = 0; size + 2 < good.size(); size += 7)
    EXPECT_THROW(parse_recipe(bytes_of(good.substr(0, size)), "r"), DataError) << size;
  EXPECT_THROW(parse_recipe(bytes_of("[]"), "r"), DataError);
  EXPECT_THROW(parse_recipe(bytes_of("{\"format\": \"chainrule-recipe-9\"}"), "r"), DataError);
  EXPECT_THROW(parse_recipe(bytes_of("{\"format\": 1}"), "r"), DataError);
}

}  // namespace
}  // namespace chainrule
