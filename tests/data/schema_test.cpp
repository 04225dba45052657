#include "chainrule/data/schema.h"

#include <gtest/gtest.h>

#include "chainrule/data/dataset.h"
#include "tests/data/errors.h"

namespace chainrule {
namespace {

TEST(Schema, LabelsHaveTheTypeInWhichNothingIsLost) {
  EXPECT_EQ(label_type_of({"0", "1", "10"}), LabelType::integer);
  EXPECT_EQ(label_type_of({"-3", "0"}), LabelType::integer);
  EXPECT_EQ(label_type_of({"01", "02"}), LabelType::text);
  EXPECT_EQ(label_type_of({"+1", "2"}), LabelType::text);
  EXPECT_EQ(label_type_of({"1.5", "2"}), LabelType::real);
  EXPECT_EQ(label_type_of({"1.50", "2"}), LabelType::text);
  EXPECT_EQ(label_type_of({"False", "True"}), LabelType::boolean);
  EXPECT_EQ(label_type_of({"nan", "inf"}), LabelType::text);
  EXPECT_EQ(label_type_of({"1", "one"}), LabelType::text);
  EXPECT_EQ(label_type_of({}), LabelType::text);
}

Schema animals() {
  Schema s;
  s.inputs = {{.name = "a"}, {.name = "b", .kind = InputKind::category, .categories = {"x", "y"}}};
  s.task = Task::classification;
  s.labels = {"cat", "dog"};
  s.targets = {{.name = "kind"}};
  return s;
}

TEST(Schema, DifferencesInWords) {
  const Schema model = animals();
  Schema data = animals();
  EXPECT_EQ(difference_of(model, data), "");
  std::swap(data.inputs[0], data.inputs[1]);  // bound by name
  data.inputs[1].offset = 3, data.inputs[1].scale = 2;
  EXPECT_EQ(difference_of(model, data), "");
  data.labels = {"bird", "cat"};
  EXPECT_EQ(difference_of(model, data),
            "the model's classes are 'cat', 'dog', those of the data are 'bird', 'cat'");
  data = animals(), data.inputs[0].kind = InputKind::category;
  EXPECT_EQ(difference_of(model, data), "'a' is a number to the model, in the data a category");
  data = animals(), data.inputs.pop_back();
  EXPECT_EQ(difference_of(model, data), "the model's input 'b' is not in the data");
  data = animals(), data.task = Task::regression, data.labels.clear();
  EXPECT_EQ(difference_of(model, data),
            "the model is one of classification, the data are for regression");
  data = animals(), data.targets[0].name = "sort";
  EXPECT_EQ(difference_of(model, data),
            "the model predicts 'kind', in the data the target is 'sort'");
}

TEST(Schema, RefusesWhatContradictsItself) {
  const auto refused = [](auto change, const char* says) {
    Schema s = animals();
    change(s);
    testing::expect_error<DataError>([&] { check_schema(s); }, says);
  };
  check_schema(animals());
  refused([](Schema& s) { s.inputs[1].name = "a"; }, "two inputs are called 'a'");
  refused([](Schema& s) { s.labels[1] = "cat"; }, "two classes are called 'cat'");
  refused([](Schema& s) { s.inputs[0].scale = 0; }, "'a' is scaled by (x - 0) / 0");
  refused([](Schema& s) { s.labels[0] = "m\xE4nnlich"; }, "is not UTF-8");
  refused([](Schema& s) { s.inputs[1].categories[0] = "\xC0\xAF"; }, "is not UTF-8");
  refused([](Schema& s) { s.inputs[0].name = "\xED\xA0\x80"; }, "is not UTF-8");
  refused([](Schema& s) { s.threshold = 1.5; }, "the threshold is 1.5");
}

TEST(Schema, OfDataThatSayNothing) {
  Splits s;
  s.train.features = {4};
  s.train.bytes = {0, 255, 3, 4};
  s.train.image = {2, 2};
  s.train.class_names = {"0", "1"}, s.train.classes = {1};
  const Schema pictures = s.full_schema();
  EXPECT_EQ(pictures.picture(), Shape({2, 2}));
  EXPECT_EQ(pictures.inputs[0].scale, 255);
  EXPECT_EQ(pictures.inputs[0].element, ElementType::byte);
  EXPECT_EQ(pictures.task, Task::classification);
  EXPECT_EQ(pictures.label_type, LabelType::integer);
  s.train.bytes.clear(), s.train.floats = {-1, 2, 7, 0}, s.train.image = {};
  s.train.class_names.clear(), s.train.classes.clear();
  s.train.target_names = {"y1", "y2"}, s.train.targets = {1, 2};
  const Schema numbers = s.full_schema();
  EXPECT_EQ(numbers.inputs[0].shape, Shape({4}));
  EXPECT_EQ(numbers.inputs[0].least, -1);
  EXPECT_EQ(numbers.inputs[0].greatest, 7);
  EXPECT_EQ(numbers.task, Task::regression);
  EXPECT_EQ(numbers.targets[1].name, "y2");
}

}  // namespace
}  // namespace chainrule
