#include "chainrule/picture/pictures.h"

#include <gtest/gtest.h>

#include "chainrule/data/digits.h"
#include "chainrule/data/toy.h"

namespace chainrule::testing {
namespace {

std::vector<std::string> names(const std::vector<PictureFile>& files) {
  std::vector<std::string> all;
  for (const PictureFile& f : files) {
    EXPECT_TRUE(f.content.starts_with(f.name.ends_with(".png") ? "\x89PNG" : "<svg ")) << f.name;
    all.push_back(f.name);
  }
  return all;
}

/// Width and height from the file's header.
std::pair<int, int> size_of(const PictureFile& png) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(png.content[i]); };
  return {byte(18) << 8 | byte(19), byte(22) << 8 | byte(23)};
}

TEST(Pictures, OfAModelOnDigits) {
  const Splits data = data::digits({.seed = 1, .train = 40, .test = 10});
  Model model("linear 7, relu, linear 10", data.features(), {.seed = 1});
  model.adopt(data.full_schema());
  const auto files =
      model_pictures(model, data.train, {0, 1, 2}, {.run = {.steps = 3, .batch = 20, .seed = 1}});
  EXPECT_EQ(names(files), (std::vector<std::string>{"fc1.weight.png", "fc2.weight.png",
                                                    "input-gradient.png", "gradient-flow.svg"}));
  // Seven pictures of 28 x 28, three times as large, 6 apart: four in a line.
  EXPECT_EQ(size_of(files[0]), std::pair(4 * 90 + 6, 2 * 90 + 6));
  // Ten rows of seven squares.
  EXPECT_EQ(size_of(files[1]), std::pair(7 * 24 + 12, 10 * 24 + 12));
  EXPECT_EQ(size_of(files[2]), std::pair(3 * 90 + 6, 2 * 84 + 24));
}

TEST(Pictures, OfAModelWithTwoInputs) {
  const Splits data = data::xor_gate();
  Model model("linear 4, tanh, linear 2", Shape{2}, {.seed = 1});
  const std::vector<float> before(model.params().all().begin(), model.params().all().end());
  const auto files = model_pictures(model, data.train, {0, 1}, {});
  EXPECT_EQ(names(files),
            (std::vector<std::string>{"fc1.weight.png", "fc2.weight.png", "border.svg"}));
  EXPECT_TRUE(std::ranges::equal(before, model.params().all())) << "the model is only looked at";
}

}  // namespace
}  // namespace chainrule::testing
