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
  const Splits s = split_all_for_training(kFruit, {.targets = {"kind"}, .scaling = Scaling::none});
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
  EXPECT_EQ(s.schema.targets[0].name, "kind");
}

TEST(Csv, Scales) {
  // Weights 100, 120, 140, 20, 10: mean 78, variance (22^2 + 42^2 + 62^2 + 58^2 + 68^2) / 5 = 2816.
  const Splits s = split_all_for_training(kFruit, {.targets = {"kind"}});
  EXPECT_NEAR(s.train.floats[0], 22 / std::sqrt(2816.0), 1e-6);
  EXPECT_EQ(s.train.floats[3], 1);  // a category is not scaled
  EXPECT_NEAR(s.schema.inputs[0].offset, 78, 1e-12);
  EXPECT_NEAR(s.schema.inputs[0].scale, std::sqrt(2816.0), 1e-12);
  const Splits m =
      split_all_for_training(kFruit, {.targets = {"kind"}, .scaling = Scaling::min_max});
  EXPECT_NEAR(m.train.floats[0], 90 / 130.0, 1e-6);
  EXPECT_NEAR(m.train.floats[16], 0, 1e-6);
}

TEST(Csv, ScalesTheTargetOfARegression) {
  const char text[] = "x,y\n1,10.5\n2,20.5\n3,30.5\n";
  const Splits s = split_all_for_training(text, {.targets = {"y"}});
  EXPECT_FALSE(s.train.has_classes());
  EXPECT_EQ(s.train.target_names, std::vector<std::string>{"y"});
  EXPECT_NEAR(s.schema.targets[0].offset, 20.5, 1e-12);
  EXPECT_NEAR(s.schema.targets[0].scale, std::sqrt(200 / 3.0), 1e-12);
  EXPECT_NEAR(s.train.targets[2], std::sqrt(1.5), 1e-6);
}

TEST(Csv, ChoosesTheTask) {
  const auto classes = [](std::initializer_list<const char*> targets, Task task = Task::automatic) {
    std::string text = "x,y\n";
    int x = 0;
    for (const char* y : targets) text += std::to_string(++x) + "," + y + "\n";
    return split_all_for_training(text, {.targets = {"y"}, .task = task}).train.class_names;
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
  const Splits s = data::csv(
      table(text),
      {.targets = {"y"}, .test_fraction = 0.2, .validation_fraction = 0.2, .categorical = {"c"}});
  EXPECT_EQ(s.train.rows(), 30);
  EXPECT_EQ(s.validation.rows(), 10);
  EXPECT_EQ(s.test.rows(), 10);
  EXPECT_EQ(s.schema.inputs[1].categories.size(), 30u);
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

  const Splits again =
      data::csv(table(text), {.targets = {"y"}, .validation_fraction = 0.2, .categorical = {"c"}});
  EXPECT_EQ(again.train.floats, s.train.floats);
  const Splits other = data::csv(
      table(text), {.targets = {"y"}, .validation_fraction = 0.2, .seed = 2, .categorical = {"c"}});
  EXPECT_NE(other.train.floats, s.train.floats);
}

TEST(Csv, RefusesWithASentence) {
  const auto refused = [](std::string_view text, const CsvOptions& options, const char* says) {
    expect_error<DataError>([&] { data::csv(table(text), options); }, says);
  };
  refused(kFruit, {.targets = {"kinds"}}, "no column is called 'kinds' (did you mean 'kind'?)");
  expect_error<Error>([] { data::csv(table(kFruit), {}); }, "no target was named");
  refused(kFruit, {.targets = {"kind"}, .ignore = {"kind"}},
          "the target 'kind' is also to be ignored");
  refused(kFruit, {.targets = {"kind"}, .ignore = {"weigth"}}, "(did you mean 'weight'?)");
  refused(kFruit, {.targets = {"kind"}, .ignore = {"weight", "colour"}},
          "no column beside the target");
  refused("a,y\n1,x\n2,x\n", {.targets = {"y"}}, "the target 'y' is 'x' in every row");
  refused("a,y\n1,2.5\n2,2.5\n", {.targets = {"y"}}, "the target 'y' is '2.5' in every row");
  refused("a,y\ninf,x\n2,z\n", {.targets = {"y"}},
          "t.csv: line 2, column 'a': 'inf' is not a finite number");
  refused("a,y\n1,1.5\n2,1e99\n", {.targets = {"y"}}, "column 'y': '1e99' is not a finite number");
  refused("a,y\n1,x\n2,7\n", {.targets = {"y"}, .task = Task::regression},
          "line 2, column 'y': 'x' is not a number");
  refused("a,y\n?,x\n?,z\n", {.targets = {"y"}},
          "no column beside the target 'y' ('a' is left out: no cell has a value)");
  refused("a;b;y\n1,5;0.5;x\n2,5;0.7;z\n", {.targets = {"y"}}, "'1,5' has a decimal comma");

  std::string almost = "a,y\n", names = "a,n,y\n", targets = "a,y\n";
  for (int i = 0; i < 20; ++i)
    almost += (i == 11 ? "1o" : std::to_string(i)) + (i % 2 ? ",x\n" : ",z\n");
  refused(almost, {.targets = {"y"}},
          "t.csv: line 13, column 'a': '1o' is not a number, but 95 % of the column are");
  for (int i = 0; i < 200; ++i) names += "1,n" + std::to_string(i) + (i % 2 ? ",x\n" : ",z\n");
  EXPECT_EQ(data::csv(table(names), {.targets = {"y"}}).features(), Shape({1}));
  for (int i = 0; i < 1001; ++i) targets += "1,n" + std::to_string(i) + "\n";
  refused(targets, {.targets = {"y"}},
          "the target 'y' has 1001 different values, more than the limit");

  expect_error<Error>([] { data::csv(table(kFruit), {.targets = {"kind"}, .test_fraction = 1}); },
                      "must leave rows to train on");
  expect_error<Error>(
      [] { data::csv(table(kFruit), {.targets = {"kind"}, .validation_fraction = -1}); },
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
  expect_error<DataError>(
      [] { data::csv(table(kHoles), {.targets = {"y"}, .missing = Missing::error}); },
      "t.csv: missing values: 'a' 2 (first in line 3), 'c' 1 (first in line 4), 'y' 1 (first in "
      "line 5)");
  expect_error<DataError>(
      [] { data::csv(table("a,y\n1,\n,2\n"), {.targets = {"y"}, .missing = Missing::drop}); },
      "every row has a missing value");

  const char more[] = "a,y\n1,x\n2,z\n,z\n";
  const Splits dropped = split_all_for_training(more, {.targets = {"y"}, .missing = Missing::drop});
  EXPECT_EQ(dropped.train.rows(), 2);
  EXPECT_EQ(dropped.notes, std::vector<std::string>{"1 of 3 rows is left out: a cell is missing"});
  const Splits mean = split_all_for_training("a,c,y\n1,red,x\n,red,z\n4,,z\n",
                                             {.targets = {"y"}, .scaling = Scaling::none});
  EXPECT_EQ(mean.train.floats, (std::vector<float>{1, 1, 0, 2.5f, 1, 0, 4, 0, 1}));
  EXPECT_EQ(mean.train.feature_names, (std::vector<std::string>{"a", "c=red", "c missing"}));
  EXPECT_EQ(mean.notes, std::vector<std::string>{"missing cells are filled: 'a' 1 (mean 2.5), 'c' "
                                                 "1 (a category of its own)"});
  // What stands for a missing number comes from training, not from the new rows.
  const Dataset fresh = data::apply(mean.schema, table("c,a\n,\nred,100\n"), {.target = false});
  EXPECT_EQ(fresh.floats, (std::vector<float>{2.5f, 0, 1, 100, 1, 0}));
}

TEST(Csv, ARowWithoutTargetIsLeftOutAlone) {
  const Splits s = split_all_for_training(kHoles, {.targets = {"y"}});
  EXPECT_EQ(s.train.rows(), 4);
  EXPECT_EQ(s.notes[0], "1 of 5 rows is left out: 'y' is missing");
}

TEST(Csv, SeveralNumbers) {
  const char text[] = "x,y1,y2\n1,10.5,0\n2,20.5,1.5\n3,30.5,7\n";
  const Splits s = split_all_for_training(text, {.targets = {"y1", "y2"}});
  EXPECT_EQ(s.schema.task, Task::regression);
  EXPECT_EQ(s.train.feature_names, std::vector<std::string>{"x"});
  EXPECT_EQ(s.train.target_names, (std::vector<std::string>{"y1", "y2"}));
  EXPECT_NEAR(s.schema.targets[0].offset, 20.5, 1e-12);
  EXPECT_NEAR(s.schema.targets[1].offset, 8.5 / 3, 1e-12);
  EXPECT_NEAR(s.train.targets[4], std::sqrt(1.5), 1e-6);
  EXPECT_EQ(data::apply(s.schema, table(text)).targets, s.train.targets);
  expect_error<DataError>(
      [] {
        data::csv(table("x,y,z\n1,2,a\n2,3,b\n3,4,c\n"), {.targets = {"y", "z"}});
      },
      "'z' has 3 different texts");
}

TEST(Csv, SeveralLabels) {
  const char text[] = "x,a,b\n1,yes,0\n2,no,1\n3,yes,1\n";
  const Splits s = split_all_for_training(text, {.targets = {"a", "b"}});
  EXPECT_EQ(s.schema.task, Task::multilabel);
  EXPECT_EQ(s.train.targets, (std::vector<float>{1, 0, 0, 1, 1, 1}));
  EXPECT_EQ(s.schema.targets[0].labels, (std::vector<std::string>{"no", "yes"}));
  EXPECT_EQ(data::apply(s.schema, table(text)).targets, s.train.targets);
  expect_error<DataError>([&] { data::apply(s.schema, table("x,a,b\n1,perhaps,0\n")); },
                          "'perhaps' is neither 'no' nor 'yes'");
  EXPECT_EQ(split_all_for_training("x,a,b\n1,0,0\n2,1,1\n",
                                   {.targets = {"a", "b"}, .task = Task::regression})
                .schema.task,
            Task::regression);
}

TEST(Csv, CodesAreNotNumbers) {
  const char text[] = "x,c,y\n1,01,01\n2,1,1\n3,01,01\n4,1,1\n";
  const Splits s = split_all_for_training(text, {.targets = {"y"}, .categorical = {"c"}});
  EXPECT_EQ(s.schema.labels, (std::vector<std::string>{"01", "1"}));
  EXPECT_EQ(s.schema.label_type, LabelType::text);
  EXPECT_EQ(s.train.classes, (std::vector<std::int32_t>{0, 1, 0, 1}));
  EXPECT_EQ(s.schema.inputs[1].categories, (std::vector<std::string>{"01", "1"}));
  const Splits numbers = split_all_for_training("x,y\n1,1\n2,2.0\n3,1.0\n", {.targets = {"y"}});
  EXPECT_EQ(numbers.schema.labels, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(numbers.schema.label_type, LabelType::integer);
}

TEST(Csv, StrangersAmongNumbersAreNamedWhateverTheirShare) {
  for (const int strange : {1, 12, 30, 60}) {
    std::string text = "a,y\n";
    for (int i = 0; i < 100; ++i)
      text += (i < strange ? "12 kg" : std::to_string(i * 0.37)) + (i % 2 ? ",x\n" : ",z\n");
    expect_error<DataError>([&] { data::csv(table(text), {.targets = {"y"}}); },
                            "line 2, column 'a': '12 kg' is not a number, but");
    expect_error<DataError>([&] { data::csv(table(text), {.targets = {"y"}}); },
                            cat("'12 kg' (", strange, ")"));
    EXPECT_EQ(
        data::csv(table(text), {.targets = {"y"}, .categorical = {"a"}}).schema.inputs[0].kind,
        InputKind::category);
  }
}

TEST(Csv, NamesDatesAndIdentifiersAreSaid) {
  std::string text = "id,name,day,x,y\n";
  for (int i = 0; i < 40; ++i)
    text += cat(i, ",Mr ", i, ",2020-01-", i % 28 < 9 ? "0" : "", i % 28 + 1, ",", i % 7, ",",
                i % 2 ? "a" : "b", "\n");
  const Splits s = data::csv(table(text), {.targets = {"y"}});
  EXPECT_EQ(s.train.feature_names, (std::vector<std::string>{"id", "x"}));
  ASSERT_EQ(s.notes.size(), 3u);
  EXPECT_NE(s.notes[0].find("'name' is left out: texts that are nearly all"), std::string::npos);
  EXPECT_NE(s.notes[1].find("'day' is left out: dates"), std::string::npos);
  EXPECT_NE(s.notes[2].find("'id' counts the rows: an identifier?"), std::string::npos);
  const Splits dates =
      data::csv(table(text),
                {.targets = {"y"}, .scaling = Scaling::none, .ignore = {"id"}, .dates = {"day"}});
  EXPECT_TRUE(dates.schema.inputs[0].date);
  EXPECT_GE(dates.schema.inputs[0].least, 18262);  // 2020-01-01
  const Dataset one = data::apply(dates.schema, table("day,x\n2020-01-31,3\n"), {.target = false});
  EXPECT_EQ(one.floats, (std::vector<float>{18292, 3}));
}

TEST(Csv, WeightsOfRowsAndClasses) {
  const char text[] = "x,w,y\n1,2,a\n2,0.5,a\n3,1,a\n4,1,b\n";
  Dataset d = split_all_for_training(text, {.targets = {"y"}, .weight = "w"}).train;
  EXPECT_EQ(d.feature_names, std::vector<std::string>{"x"});
  EXPECT_EQ(d.weights, (std::vector<float>{2, 0.5f, 1, 1}));
  EXPECT_EQ(data::balanced_weights(d), (std::vector<double>{4 / 6.0, 2}));
  data::weigh_classes(d, {1, 3});
  EXPECT_EQ(d.weights, (std::vector<float>{2, 0.5f, 1, 3}));
}

TEST(Csv, KeepsTheSchemaOfAModel) {
  const char text[] = "a,b,y\n1,10,u\n2,20,v\n3,30,u\n4,40,v\n";
  const Schema kept = split_all_for_training(text, {.targets = {"y"}}).schema;
  const char swapped[] = "y,b,a\nu,100,10\nv,200,20\n";
  const Splits s = split_all_for_training(swapped, {.keep = &kept});
  EXPECT_EQ(s.schema, kept);
  EXPECT_EQ(s.train.feature_names, (std::vector<std::string>{"a", "b"}));
  EXPECT_NEAR(s.train.floats[0], (10 - 2.5) / std::sqrt(1.25), 1e-5);
  const Splits anew = split_all_for_training(swapped, {.keep = &kept, .refit = true});
  EXPECT_NEAR(anew.train.floats[0], -1, 1e-6);
  EXPECT_EQ(anew.schema.labels, kept.labels);
  const auto refused = [&](const char* rows, const char* says) {
    expect_error<DataError>([&] { split_all_for_training(rows, {.keep = &kept}); }, says);
  };
  refused("a,b,y\n1,10,w\n2,20,v\n",
          "the model's classes are 'u', 'v', those of the data are "
          "'v', 'w'");
  refused("a,y\n1,u\n2,v\n", "no column is called 'b'");
  refused("a,b,y\nx,10,u\ny,20,v\n", "'a' is a number to the model, here it is 'x'");
}

TEST(Apply, SaysWhatTrainingDidNotHave) {
  const Splits s = split_all_for_training(kFruit, {.targets = {"kind"}});
  const Dataset d = data::apply(
      s.schema, table("weight,colour\n1,blue\n2,RED\n130,red\n900,blue\n"), {.target = false});
  EXPECT_EQ(d.notes,
            (std::vector<std::string>{
                "'weight': 3 of 4 values lie outside the 10 to 140 of training",
                "'colour': 3 of 4 cells hold categories that were not in training, and count as "
                "none ('blue', 'RED', …)"}));
  const Splits yes = split_all_for_training("f,x,y\nTrue,1,a\nFalse,2,b\n", {.targets = {"y"}});
  EXPECT_EQ(data::apply(yes.schema, table("f,x\nTRUE,1\n"), {.target = false}).floats[1], 1);
}

TEST(Apply, GoesOnAfterARowThatCannotBeRead) {
  const Splits s = split_all_for_training(kFruit, {.targets = {"kind"}});
  std::vector<data::RefusedRow> refused;
  const Dataset d = data::apply(s.schema, table("weight,colour\n78,red\nmuch,red\n78,black\n"),
                                {.target = false, .refused = &refused});
  EXPECT_EQ(d.origin, (std::vector<std::int32_t>{0, 2}));
  EXPECT_EQ(d.floats, (std::vector<float>{0, 0, 0, 1, 0, 1, 0, 0}));
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].row, 1);
  EXPECT_EQ(refused[0].why, "t.csv: line 3, column 'weight': 'much' is not a number");
}

TEST(Apply, FindsColumnsByName) {
  const Splits s = split_all_for_training(kFruit, {.targets = {"kind"}});
  const data::ApplyOptions options;
  const Dataset same = data::apply(s.schema, table(kFruit), options);
  EXPECT_EQ(same.floats, s.train.floats);
  EXPECT_EQ(same.classes, s.train.classes);
  EXPECT_EQ(same.feature_names, s.train.feature_names);

  const Dataset fresh =
      data::apply(s.schema, table("x,colour,weight\n?,blue,78\n"), {.target = false});
  EXPECT_EQ(fresh.floats, (std::vector<float>{0, 0, 0, 0}));
  EXPECT_FALSE(fresh.has_classes());
  fresh.validate();

  const char unknown[] = "weight,colour,kind\n1,red,pear\n";
  expect_error<DataError>([&] { data::apply(s.schema, table(unknown), options); },
                          "line 2, column 'kind': 'pear' is not a class of the model");
  expect_error<DataError>([&] { data::apply(s.schema, table("weight,colour\n1,red\n")); },
                          "there is no column 'kind', which the model predicts");
  EXPECT_EQ(data::apply(s.schema, table(unknown), {.target = false}).rows(), 1);
  expect_error<DataError>(
      [&] { data::apply(s.schema, table("colour,wait\nred,1\n"), {.target = false}); },
      "no column is called 'weight'");
  expect_error<DataError>(
      [&] { data::apply(s.schema, table("colour,weight\nred,much\n"), {.target = false}); },
      "line 2, column 'weight': 'much' is not a number");
  expect_error<DataError>(
      [&] {
        data::apply(s.schema, table("colour,weight\nred,\n"),
                    {.target = false, .missing = Missing::error});
      },
      "missing values: 'weight' 1");
  const Dataset filled = data::apply(s.schema, table("colour,weight\nred,\n"), {.target = false});
  EXPECT_EQ(filled.floats, (std::vector<float>{0, 0, 0, 1}));
  expect_error<DataError>([] { data::apply({}, table("a\n1\n")); }, "not trained on a table");
}

TEST(Apply, ScalesTargets) {
  const char text[] = "x,y\n1,10.5\n2,20.5\n3,30.5\n";
  const Splits s = split_all_for_training(text, {.targets = {"y"}});
  EXPECT_EQ(data::apply(s.schema, table(text)).targets, s.train.targets);
}

TEST(Csv, ReadsAFile) {
  const Folder folder;
  EXPECT_EQ(data::csv(folder.write("fruit.csv", kFruit), {.targets = {"kind"}}).train.name,
            "fruit");
}

TEST(Csv, SurvivesAnyDamage) {
  const std::string_view text =
      "a,b,c,y\n1,x,2.5,0\n2,y,1e3,1\n3,\"x\",?,0\n4,z,-7,1\n5,x,.5,0\n6,y,+1,1\n7,z,8,0\n8,x,9,"
      "1\n";
  torture({text.begin(), text.end()}, 3000, [](const data::Bytes& b) {
    const Table t = data::parse_table({reinterpret_cast<const char*>(b.data()), b.size()}, "t");
    const Splits s = data::csv(t, {.targets = {"y"}, .missing = Missing::drop});
    data::apply(s.schema, t, {.missing = Missing::drop});
  });
}

}  // namespace
}  // namespace chainrule::testing
