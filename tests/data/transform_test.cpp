#include "chainrule/data/transform.h"

#include <gtest/gtest.h>

#include "tests/data/errors.h"

namespace chainrule::testing {
namespace {

using data::Scaling;

Splits small_table() {
  Splits s;
  s.train.name = "small";
  s.train.features = {2};
  s.train.floats = {1, 5, 3, 5, 5, 5};
  s.test.features = s.validation.features = {2};
  s.test.floats = {7, 6};
  return s;
}

TEST(Transform, FitColumn) {
  // Mean 5, variance (9 + 1 + 1 + 1 + 0 + 0 + 4 + 16) / 8 = 4.
  const std::vector<double> values{2, 4, 4, 4, 5, 5, 7, 9};
  const Input standard = data::fit_input("a", values, Scaling::standardise);
  EXPECT_EQ(standard.name, "a");
  EXPECT_EQ(standard.offset, 5);
  EXPECT_EQ(standard.scale, 2);
  EXPECT_EQ(standard.fill, 5);
  const Input range = data::fit_input("a", values, Scaling::min_max);
  EXPECT_EQ(range.offset, 2);
  EXPECT_EQ(range.scale, 7);
  EXPECT_EQ(range.fill, 5);
  const Input none = data::fit_input("a", values, Scaling::none);
  EXPECT_EQ(none.offset, 0);
  EXPECT_EQ(none.scale, 1);
  const std::vector<double> same{0.1, 0.1, 0.1};
  for (const Scaling s : {Scaling::standardise, Scaling::min_max}) {
    EXPECT_EQ(data::fit_input("a", same, s).offset, 0.1);
    EXPECT_EQ(data::fit_input("a", same, s).scale, 1);
  }
}

TEST(Transform, ScaleIsFittedOnTheTrainingPart) {
  Splits s = small_table();
  data::scale_features(s, Scaling::min_max);
  EXPECT_EQ(s.train.floats, (std::vector<float>{0, 0, 0.5f, 0, 1, 0}));
  EXPECT_EQ(s.test.floats, (std::vector<float>{1.5f, 1}));
  ASSERT_EQ(s.schema.inputs.size(), 2u);
  EXPECT_EQ(s.schema.inputs[0].name, "x1");
  // A second scaling is noted as one: x -> (x - 3) / sqrt(8 / 3).
  data::scale_features(s, Scaling::standardise);
  EXPECT_NEAR(s.schema.inputs[0].offset, 3, 1e-12);
  EXPECT_NEAR(s.schema.inputs[0].scale, 1.632993161855452, 1e-12);
  EXPECT_NEAR(s.schema.inputs[0].fill, 3, 1e-12);
  EXPECT_NEAR(s.test.floats[0], 4 / 1.632993161855452, 1e-6);
}

TEST(Transform, ScaleRefusesBytesAndCategories) {
  Splits s = small_table();
  s.schema.inputs = {
      {.name = "colour", .kind = InputKind::category, .categories = {"red", "green"}}};
  expect_error<Error>([&] { data::scale_features(s, Scaling::min_max); }, "hold categories");
  s.train.bytes = {1, 2};
  expect_error<Error>([&] { data::scale_features(s, Scaling::min_max); }, "'small' are bytes");
}

TEST(Transform, OneHot) {
  EXPECT_EQ(data::one_hot(std::vector<std::int32_t>{2, 0}, 3),
            (std::vector<float>{0, 0, 1, 1, 0, 0}));
  expect_error<Error>(
      [] {
        data::one_hot(std::vector<std::int32_t>{0, 3}, 3);
      },
      "class 3 in row 2, expected 0 to 2");
}

TEST(Transform, ClassesAsNumbers) {
  Dataset d = small_table().train;
  d.classes = {1, 0, 1};
  d.class_names = {"no", "yes"};
  const Dataset two = data::classes_as_numbers(d);
  EXPECT_EQ(two.targets, (std::vector<float>{1, 0, 1}));
  EXPECT_EQ(two.target_names, std::vector<std::string>{"yes"});
  two.validate();
  d.class_names.push_back("maybe");
  const Dataset three = data::classes_as_numbers(d);
  EXPECT_EQ(three.targets, (std::vector<float>{0, 1, 0, 1, 0, 0, 0, 1, 0}));
  three.validate();
  expect_error<Error>([] { data::classes_as_numbers(small_table().train); }, "has no classes");
}

}  // namespace
}  // namespace chainrule::testing
