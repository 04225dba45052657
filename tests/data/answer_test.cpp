#include "chainrule/data/answer.h"

#include <array>
#include <gtest/gtest.h>
#include <vector>

namespace chainrule {
namespace {

Schema schema_of(OutputKind kind, Task task = Task::classification, double threshold = 0.5) {
  Schema s;
  s.output = kind, s.task = task, s.threshold = threshold;
  return s;
}

TEST(Answer, TheGreatestOfSeveralOutputs) {
  const std::array<float, 4> outputs{0.1f, 3, -2, 3};
  EXPECT_EQ(decide(schema_of(OutputKind::logits), outputs, false), 1);  // the first of equals
}

TEST(Answer, OneOutputAgainstTheThreshold) {
  const std::array<float, 1> above{0.6f}, at{0.5f}, below{-0.1f};
  EXPECT_EQ(decide(schema_of(OutputKind::binary_probability), above, false), 1);
  EXPECT_EQ(decide(schema_of(OutputKind::binary_probability), at, false), 0);
  EXPECT_EQ(decide(schema_of(OutputKind::values), above, false), 1);
  EXPECT_EQ(decide(schema_of(OutputKind::binary_logit), above, false), 1);
  EXPECT_EQ(decide(schema_of(OutputKind::binary_logit), below, false), 0);
  // A logit of 0.6 is a probability of 0.646.
  const Schema strict = schema_of(OutputKind::binary_logit, Task::classification, 0.65);
  EXPECT_EQ(decide(strict, above, false), 0);
  const std::array<float, 1> logit{0.7f};
  EXPECT_EQ(decide(strict, logit, false), 1);
  EXPECT_EQ(decide(strict, std::array<float, 1>{0.66f}, true), 1);
}

TEST(Answer, TwoOutputsAgainstAThreshold) {
  const Schema s = schema_of(OutputKind::logits, Task::classification, 0.2);
  EXPECT_EQ(decide(s, std::array<float, 2>{1, 0}, false), 1);  // 0.269
  EXPECT_EQ(decide(s, std::array<float, 2>{2, 0}, false), 0);  // 0.119
  EXPECT_EQ(decide(s, std::array<float, 2>{0.75f, 0.25f}, true), 1);
}

TEST(Answer, ScoresProbabilitiesAndUnits) {
  std::vector<float> row{2, 0};
  finish_outputs(schema_of(OutputKind::logits), row);
  EXPECT_NEAR(row[0], 0.8807970780, 1e-6);
  EXPECT_NEAR(row[1], 0.1192029220, 1e-6);
  row = {2, -2};
  finish_outputs(schema_of(OutputKind::binary_logit, Task::multilabel), row);
  EXPECT_NEAR(row[0], 0.8807970780, 1e-6);
  EXPECT_NEAR(row[1], 0.1192029220, 1e-6);
  Schema numbers = schema_of(OutputKind::values, Task::regression);
  numbers.targets = {{.name = "a", .offset = 100, .scale = 10}, {.name = "b", .offset = -1}};
  row = {2, 3};
  finish_outputs(numbers, row);
  EXPECT_EQ(row, (std::vector<float>{120, 2}));
  row = {2, 3};
  finish_outputs(schema_of(OutputKind::values), row);  // scores of classes
  EXPECT_EQ(row, (std::vector<float>{2, 3}));
}

}  // namespace
}  // namespace chainrule
