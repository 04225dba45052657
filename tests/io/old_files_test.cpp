// Model files that the version before wrote, in the format chainrule-1.
#include <gtest/gtest.h>
#include <vector>

#include "chainrule/data/csv.h"
#include "chainrule/io/model_file.h"
#include "chainrule/io/schema_json.h"
#include "chainrule/train/evaluate.h"

namespace chainrule {
namespace {

Model old_model(const std::string& name) {
  return Model::load(CHAINRULE_SOURCE_DIR "/fuzz/corpus/model_file/" + name);
}

TEST(OldFiles, ATableWithCategories) {
  const Model model = old_model("table");
  const Schema& s = model.schema;
  ASSERT_EQ(s.inputs.size(), 2u);
  EXPECT_EQ(s.inputs[0].name, "age");
  EXPECT_EQ(s.inputs[0].offset, 5);
  EXPECT_EQ(s.inputs[0].fill, 5);  // the mean, where a column was standardised
  EXPECT_EQ(s.inputs[1].categories, (std::vector<std::string>{"Lima", "Oslo", "Rome"}));
  EXPECT_EQ(s.task, Task::classification);
  EXPECT_EQ(s.labels, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(s.targets[0].name, "answer");
  EXPECT_EQ(s.output, OutputKind::logits);
  const data::Table rows = data::parse_table("city,age\nOslo,5\nParis,\n", "t.csv");
  EXPECT_EQ(data::apply(s, rows, {.target = false}).floats,
            (std::vector<float>{0, 0, 1, 0, 0, 0, 0, 0}));
}

TEST(OldFiles, ScoresOfTwoClasses) {
  // Squared error on classes: the output is a score, decided at a half, as it was then.
  const Model model = old_model("xor");
  EXPECT_EQ(model.schema.task, Task::classification);
  EXPECT_EQ(model.schema.output, OutputKind::values);
  EXPECT_EQ(model.schema.label_type, LabelType::integer);
  Dataset d;
  d.features = {2}, d.floats = {0, 0, 0, 1, 1, 0, 1, 1};
  d.class_names = {"0", "1"}, d.classes = {0, 1, 1, 0};
  const Evaluation e = evaluate(model, d);
  EXPECT_EQ(e.accuracy, model.metrics.at("test_accuracy"));
  EXPECT_NEAR(e.loss, model.metrics.at("test_loss"), 1e-6);
}

TEST(OldFiles, SaveAndLoadKeepTheirMeaning) {
  for (const char* name : {"table", "spiral", "xor"}) {
    const Model old = old_model(name);
    EXPECT_EQ(parse_schema(schema_text(old.schema)), old.schema) << name;
  }
}

TEST(OldFiles, NumbersAndPictures) {
  const Schema numbers = first_schema(
      R"({"columns":[{"name":"x","offset":2.0,"scale":4.0}],"target":"price","target_offset":100.0,)"
      R"("target_scale":10.0,"image":[]})",
      "[]", 1);
  EXPECT_EQ(numbers.task, Task::regression);
  EXPECT_EQ(numbers.targets, (std::vector<Target>{{.name = "price", .offset = 100, .scale = 10}}));
  const Schema pictures = first_schema(
      R"({"columns":[],"target":"","target_offset":0.0,"target_scale":1.0,"image":[28,28]})",
      R"(["0","1"])", 2);
  EXPECT_EQ(pictures.picture(), Shape({28, 28}));
  EXPECT_EQ(pictures.inputs[0].scale, 255);
  // A network that has met no data says nothing; what it means is decided by its loss.
  const Schema nothing = first_schema(
      R"({"columns":[],"target":"","target_offset":0.0,"target_scale":1.0,"image":[]})", "[]", 3);
  EXPECT_EQ(nothing.task, Task::automatic);
  EXPECT_THROW(first_schema("{}", "[]", 1), DataError);
}

}  // namespace
}  // namespace chainrule
