#include "chainrule/picture/border.h"

#include <gtest/gtest.h>

#include "chainrule/data/toy.h"
#include "tests/data/errors.h"

namespace chainrule::testing {
namespace {

TEST(Border, AStraightOneOfTwoClasses) {
  // x1 + x2 - 1.5, sharply: class 1 in one corner.
  Model model("linear 1", Shape{2}, {.loss = "binary_cross_entropy_logits"});
  std::ranges::fill(model.params()["fc1.weight"], 1e4F);
  std::ranges::fill(model.params()["fc1.bias"], -1.5e4F);
  const std::string svg = border_picture(model, data::and_gate().train, "AND").str();
  EXPECT_NE(svg.find(">AND<"), std::string::npos);
  // 120 lines of the picture; those above the border's end have two colours.
  const auto count = [&](const std::string& text) {
    int n = 0;
    for (std::size_t at = svg.find(text); at != svg.npos; at = svg.find(text, at + 1)) ++n;
    return n;
  };
  const int zero = count("#b4d3e8"), one = count("#efc3a6");
  EXPECT_EQ(zero, 120);
  // The plane shown is [-0.15, 1.15]^2; lines with x2 above 1.5 - 1.15 = 0.35 meet the border.
  EXPECT_NEAR(one, 120 * (1.15 - 0.35) / 1.3, 1);
  EXPECT_EQ(count("<circle"), 4 + 2);
}

TEST(Border, OnlyForTwoInputsAndClasses) {
  const Model model("linear 2", Shape{3});
  expect_error<Error>([&] { border_picture(model, data::xor_gate().train); }, "2 inputs");
}

}  // namespace
}  // namespace chainrule::testing
