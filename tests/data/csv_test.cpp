#include "chainrule/data/csv.h"

#include <cmath>
#include <gtest/gtest.h>
#include <map>

#include "tests/data/errors.h"
#include "tests/data/files.h"

namespace chainrule::testing {
namespace {

using data::CsvOptions;
using data::Missing;
using data::Scaling;
using data::Table;
using data::Task;

Table table(std::string_view text) { return data::parse_table(text, "t.csv"); }

Splits split_all_for_training(std::string_view text, CsvOptions options) {
  options.test_fraction = 0;
  return data::csv(table(text), options);
}

const char kFruit[] =
    "weight,colour,kind\n"
    "100,red,apple\n"
    "120,green,apple\n"
    "140,red,apple\n"
    "20,red,cherry\n"
    "10,black,cherry\n";

TEST(Csv, MakesFeaturesOfNumbersAndTexts) {
  const Splits s = split_all_for_training(kFruit, {.target = "kind", .scaling = Scaling::none});
  const Dataset& d = s.train;
  EXPECT_EQ(d.name, "t");
  EXPECT_EQ(d.features, Shape({4}));
  EXPECT_EQ(d.feature_names,
            (std::vector<std::string>{"weight", "colour=black", "colour=green", "colour=red"}));
  EXPECT_EQ(d.floats, (std::vector<float>{100, 0, 0,  1, 120, 0, 1,  0, 140, 0,
                                          0,   1, 20, 0, 0,   1, 10, 1, 0,   0}));
  EXPECT_EQ(d.class_names, (std::vector<std::string>{"apple", "cherry"}));
  EXPECT_EQ(d.classes, (std::vector<std::int32_t>{0, 0, 0, 1, 1}));
  EXPECT_EQ(s.test.rows(), 0);
  EXPECT_EQ(s.preprocess.target, "kind");
}

TEST(Csv, Scales) {
  // Weights 100, 120, 140, 20, 10: mean 78, variance (22^2 + 42^2 + 62^2 + 58^2 + 68^2) / 5 = 2816.
  const Splits s = split_all_for_training(kFruit, {.target = "kind"});
  EXPECT_NEAR(s.train.floats[0], 22 / std::sqrt(2816.0), 1e-6);
  EXPECT_EQ(s.train.floats[3], 1);  // a category is not scaled
  EXPECT_NEAR(s.preprocess.columns[0].offset, 78, 1e-12);
  EXPECT_NEAR(s.preprocess.columns[0].scale, std::sqrt(2816.0), 1e-12);
  const Splits m = split_all_for_training(kFruit, {.target = "kind", .scaling = Scaling::min_max});
  EXPECT_NEAR(m.train.floats[0], 90 / 130.0, 1e-6);
  EXPECT_NEAR(m.train.floats[16], 0, 1e-6);
}

TEST(Csv, ScalesTheTargetOfARegression) {
  const char text[] = "x,y\n1,10.5\n2,20.5\n3,30.5\n";
  const Splits s = split_all_for_training(text, {.target = "y"});
  EXPECT_FALSE(s.train.has_classes());
  EXPECT_EQ(s.train.target_names, std::vector<std::string>{"y"});
  EXPECT_NEAR(s.preprocess.target_offset, 20.5, 1e-12);
  EXPECT_NEAR(s.preprocess.target_scale, std::sqrt(200 / 3.0), 1e-12);
  EXPECT_NEAR(s.train.targets[2], std::sqrt(1.5), 1e-6);
}

TEST(Csv, ChoosesTheTask) {
  const auto classes = [](std::initializer_list<const char*> targets, Task task = Task::automatic) {
    std::string text = "x,y\n";
    int x = 0;
    for (const char* y : targets) text += std::to_string(++x) + "," + y + "\n";
    return split_all_for_training(text, {.target = "y", .task = task}).train.class_names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(classes({"b", "a", "b"}), (Names{"a", "b"}));
  EXPECT_EQ(classes({"1", "0", "1.0"}), (Names{"0", "1"}));
  EXPECT_EQ(classes({"1.5", "0", "1"}), Names{});
  EXPECT_EQ(classes({"1", "2", "3"}), Names{});
  EXPECT_EQ(classes({"10", "9", "8", "9", "8", "8", "10", "9", "8", "8", "10", "9", "8", "8", "9"}),
            (Names{"8", "9", "10"}));
  EXPECT_EQ(classes({"10", "9", "8"}, Task::classification), (Names{"8", "9", "10"}));
  EXPECT_EQ(classes({"10", "9", "x"}, Task::classification), (Names{"10", "9", "x"}));
  EXPECT_EQ(classes({"1", "0", "1"}, Task::regression), Names{});
}

TEST(Csv, FitsOnTheTrainingPartOnly) {
  std::string text = "x,c,y\n";
  for (int i = 0; i < 50; ++i)
    text +=
        std::to_string(i * i) + "," + "cat" + std::to_string(i) + "," + (i % 2 ? "a" : "b") + "\n";
  const Splits s =
      data::csv(table(text), {.target = "y", .test_fraction = 0.2, .validation_fraction = 0.2});
  EXPECT_EQ(s.train.rows(), 30);
  EXPECT_EQ(s.validation.rows(), 10);
  EXPECT_EQ(s.test.rows(), 10);
  EXPECT_EQ(s.preprocess.columns[1].categories.size(), 30u);
  double mean = 0, square = 0;
  for (Index i = 0; i < 30; ++i) {
    const double x = s.train.floats[static_cast<std::size_t>(i * 31)];
    mean += x / 30, square += x * x / 30;
  }
  EXPECT_NEAR(mean, 0, 1e-6);
  EXPECT_NEAR(square, 1, 1e-6);
  for (const Dataset* d : {&s.test, &s.validation})  // categories that training never saw
    for (Index i = 0; i < 10; ++i)
      for (Index j = 1; j < 31; ++j) EXPECT_EQ(d->floats[static_cast<std::size_t>(i * 31 + j)], 0);
  EXPECT_EQ(std::count(s.test.classes.begin(), s.test.classes.end(), 0), 5);

  const Splits again = data::csv(table(text), {.target = "y", .validation_fraction = 0.2});
  EXPECT_EQ(again.train.floats, s.train.floats);
  const Splits other =
      data::csv(table(text), {.target = "y", .validation_fraction = 0.2, .seed = 2});
  EXPECT_NE(other.train.floats, s.train.floats);
}

TEST(Csv, RefusesWithASentence) {
  const auto refused = [](std::string_view text, const CsvOptions& options, const char* says) {
    expect_error<DataError>([&] { data::csv(table(text), options); }, says);
  };
  refused(kFruit, {.target = "kinds"}, "no column is called 'kinds' (did you mean 'kind'?)");
  refused(kFruit, {}, "no column is called '', the columns are 'weight', 'colour', 'kind'");
  refused(kFruit, {.target = "kind", .ignore = {"kind"}},
          "the target 'kind' is also to be ignored");
  refused(kFruit, {.target = "kind", .ignore = {"weigth"}}, "(did you mean 'weight'?)");
  refused(kFruit, {.target = "kind", .ignore = {"weight", "colour"}},
          "no column beside the target");
  refused("a,y\n1,x\n2,x\n", {.target = "y"}, "the target 'y' is 'x' in every row");
  refused("a,y\n1,2.5\n2,2.5\n", {.target = "y"}, "the target 'y' is 2.5 in every row");
  refused("a,y\ninf,x\n2,z\n", {.target = "y"},
          "t.csv: line 2, column 'a': 'inf' is not a finite number");
  refused("a,y\n1,1.5\n2,1e99\n", {.target = "y"}, "column 'y': '1e99' is not a finite number");
  refused("a,y\n1,x\n2,7\n", {.target = "y", .task = Task::regression},
          "line 2, column 'y': 'x' is not a number");
  refused("a,y\n?,x\n?,z\n", {.target = "y"}, "column 'a' has no values");
  refused("a;b;y\n1,5;0.5;x\n2,5;0.7;z\n", {.target = "y"}, "'1,5' has a decimal comma");
  refused(",a,y\n1,1,x\n2,2,z\n", {.target = "y"}, "column 1 has no name (row numbers?)");

  std::string almost = "a,y\n", names = "a,n,y\n", targets = "a,y\n";
  for (int i = 0; i < 20; ++i)
    almost += (i == 11 ? "1o" : std::to_string(i)) + (i % 2 ? ",x\n" : ",z\n");
  refused(almost, {.target = "y"},
          "t.csv: line 13, column 'a': '1o' is not a number, but 95 % of the column are");
  for (int i = 0; i < 200; ++i) names += "1,n" + std::to_string(i) + (i % 2 ? ",x\n" : ",z\n");
  refused(names, {.target = "y"}, "column 'n' has 160 different texts, more than the limit of 100");
  EXPECT_EQ(data::csv(table(names), {.target = "y", .ignore = {"n"}}).features(), Shape({1}));
  for (int i = 0; i < 1001; ++i) targets += "1,n" + std::to_string(i) + "\n";
  refused(targets, {.target = "y"},
          "the target 'y' has 1001 different values, more than the limit");

  expect_error<Error>([] { data::csv(table(kFruit), {.target = "kind", .test_fraction = 1}); },
                      "must leave rows to train on");
  expect_error<Error>(
      [] { data::csv(table(kFruit), {.target = "kind", .validation_fraction = -1}); },
      "must not be negative");
}

const char kHoles[] =
    "a,c,y\n"
    "1,red,0\n"
    "NA,red,1\n"
    "3,,0\n"
    "5,blue,\n"
    "?,blue,1\n";

TEST(Csv, Missing) {
  expect_error<DataError>([] { data::csv(table(kHoles), {.target = "y"}); },
                          "t.csv: missing values: 'a' 2 (first in line 3), 'c' 1 (first in line "
                          "4), 'y' 1 (first in line "
                          "5); drop these rows or fill in the mean");
  expect_error<DataError>(
      [] { data::csv(table(kHoles), {.target = "y", .missing = Missing::mean}); },
      "missing values: 'y' 1 (first in line 5); the target cannot be filled in");
  expect_error<DataError>(
      [] { data::csv(table("a,y\n1,\n,2\n"), {.target = "y", .missing = Missing::drop}); },
      "every row has a missing value");

  const char more[] = "a,y\n1,x\n2,z\n,z\n";
  EXPECT_EQ(split_all_for_training(more, {.target = "y", .missing = Missing::drop}).train.rows(),
            2);
  const Splits mean =
      split_all_for_training("a,c,y\n1,red,x\n,red,z\n4,,z\n",
                             {.target = "y", .scaling = Scaling::none, .missing = Missing::mean});
  EXPECT_EQ(mean.train.floats, (std::vector<float>{1, 1, 2.5f, 1, 4, 0}));
}

TEST(Apply, FindsColumnsByName) {
  const Splits s = split_all_for_training(kFruit, {.target = "kind"});
  const data::ApplyOptions options{.class_names = s.train.class_names};
  const Dataset same = data::apply(s.preprocess, table(kFruit), options);
  EXPECT_EQ(same.floats, s.train.floats);
  EXPECT_EQ(same.classes, s.train.classes);
  EXPECT_EQ(same.feature_names, s.train.feature_names);

  const Dataset fresh = data::apply(s.preprocess, table("x,colour,weight\n?,blue,78\n"), options);
  EXPECT_EQ(fresh.floats, (std::vector<float>{0, 0, 0, 0}));
  EXPECT_FALSE(fresh.has_classes());
  fresh.validate();

  const char unknown[] = "weight,colour,kind\n1,red,pear\n";
  expect_error<DataError>([&] { data::apply(s.preprocess, table(unknown), options); },
                          "line 2, column 'kind': 'pear' is not a class of the model");
  EXPECT_EQ(data::apply(s.preprocess, table(unknown), {.target = false}).rows(), 1);
  expect_error<DataError>([&] { data::apply(s.preprocess, table("colour,wait\nred,1\n")); },
                          "no column is called 'weight'");
  expect_error<DataError>([&] { data::apply(s.preprocess, table("colour,weight\nred,much\n")); },
                          "line 2, column 'weight': 'much' is not a number");
  expect_error<DataError>([&] { data::apply(s.preprocess, table("colour,weight\nred,\n")); },
                          "missing values: 'weight' 1");
  const Dataset filled =
      data::apply(s.preprocess, table("colour,weight\nred,\n"), {.missing = Missing::mean});
  EXPECT_EQ(filled.floats, (std::vector<float>{0, 0, 0, 1}));
  expect_error<DataError>([] { data::apply({}, table("a\n1\n")); }, "not trained on a table");
}

TEST(Apply, ScalesTargets) {
  const char text[] = "x,y\n1,10.5\n2,20.5\n3,30.5\n";
  const Splits s = split_all_for_training(text, {.target = "y"});
  EXPECT_EQ(data::apply(s.preprocess, table(text)).targets, s.train.targets);
}

TEST(Csv, ReadsAFile) {
  const Folder folder;
  EXPECT_EQ(data::csv(folder.write("fruit.csv", kFruit), {.target = "kind"}).train.name, "fruit");
}

TEST(Csv, SurvivesAnyDamage) {
  const std::string_view text =
      "a,b,c,y\n1,x,2.5,0\n2,y,1e3,1\n3,\"x\",?,0\n4,z,-7,1\n5,x,.5,0\n6,y,+1,1\n7,z,8,0\n8,x,9,"
      "1\n";
  torture({text.begin(), text.end()}, 3000, [](const data::Bytes& b) {
    const Table t = data::parse_table({reinterpret_cast<const char*>(b.data()), b.size()}, "t");
    const Splits s = data::csv(t, {.target = "y", .missing = Missing::drop});
    data::apply(s.preprocess, t, {.class_names = s.train.class_names, .missing = Missing::drop});
  });
}

}  // namespace
}  // namespace chainrule::testing
