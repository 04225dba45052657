// Raw rows in, answers out: what ONNX Runtime answers is what predict() does.
#include "chainrule/io/onnx_schema.h"

#include <cmath>
#include <fstream>
#include <functional>

#include "chainrule/core/json.h"
#include "chainrule/core/random.h"
#include "chainrule/data/answer.h"
#include "chainrule/data/csv.h"
#include "chainrule/io/onnx_export.h"
#include "chainrule/io/onnx_import.h"
#include "chainrule/train/evaluate.h"
#include "chainrule/train/fit.h"
#include "tests/data/errors.h"
#include "tests/io/outside.h"

namespace chainrule {
namespace {

namespace fs = std::filesystem;
using Rows = std::vector<std::vector<std::string>>;

/// A table with every kind of column, and the targets of a task.
struct SchemaTable {
  std::vector<std::string> names;
  Rows rows;

  std::string text() const {
    std::string all;
    const auto line = [&](const std::vector<std::string>& cells) {
      for (std::size_t i = 0; i < cells.size(); ++i)
        all += cat(i == 0 ? "\"" : ",\"", cells[i], "\"");
      all += "\n";
    };
    line(names);
    for (const auto& row : rows) line(row);
    return all;
  }
};

enum class Ask { text, integer, boolean, real, three, number, numbers, labels };

SchemaTable made_up(Ask ask, bool categories) {
  SchemaTable t;
  t.names = {"age", "income in €"};
  if (categories) t.names.insert(t.names.end(), {"city", "member"});
  const bool two = ask == Ask::numbers || ask == Ask::labels;
  t.names.push_back("y");
  if (two) t.names.push_back("z");
  Random random(3, static_cast<std::uint64_t>(ask));
  for (int i = 0; i < 60; ++i) {
    const double age = 20 + 40 * random.uniform(),
                 income = 1e6 + std::floor(1000 * random.uniform());
    std::vector<std::string> row{i % 7 == 3 ? "" : cat(age), cat(income)};
    if (categories) {
      row.push_back(i % 9 == 4 ? "NA" : i % 3 == 0 ? "Rome" : i % 3 == 1 ? "Ålesund" : "a, \'b\'");
      row.push_back(i % 2 == 0 ? "True" : "False");
    }
    const bool yes = age + 10 * random.uniform() > 45;
    const auto either = [&](const char* no, const char* is) { row.push_back(yes ? is : no); };
    if (ask == Ask::text) either("01", "1");
    if (ask == Ask::integer) either("-3", "7");
    if (ask == Ask::boolean) either("False", "True");
    if (ask == Ask::real) either("0.5", "1.5");
    if (ask == Ask::three) row.push_back(age < 30 ? "young" : age < 45 ? "grown" : "old");
    if (ask == Ask::number || ask == Ask::numbers) row.push_back(cat(1000 + 3 * age));
    if (ask == Ask::numbers) row.push_back(cat(-1e-3 * age));
    if (ask == Ask::labels) either("no", "yes"), row.push_back(i % 4 < 2 ? "no" : "yes");
    t.rows.push_back(row);
  }
  return t;
}

Model learnt(const Splits& s) {
  const bool classes = s.schema.task == Task::classification;
  const Index outputs = !classes ? s.train.target_size() : s.train.class_count();
  const bool one = classes && outputs == 2 && s.schema.label_type != LabelType::text;
  Model m(cat("linear 5, tanh, linear ", one ? 1 : outputs), s.features(),
          {.loss = s.schema.task == Task::regression ? "squared_error"
                   : classes && !one                 ? "softmax_cross_entropy"
                                                     : "binary_cross_entropy_logits",
           .seed = 2});
  fit(m, s, {.epochs = 5, .batch = 10, .threads = 1});
  return m;
}

class OnnxSchema : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!onnx::available()) GTEST_SKIP() << "built without protozero";
    std::string name = (fs::temp_directory_path() / "chainrule-schema-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  /// The raw cells of a column as a runtime takes them.
  static JsonObject column(const SchemaTable& t, const Input& input, Index width,
                           const std::function<std::size_t(std::size_t)>& place) {
    JsonObject json;
    json.add("dims", std::vector<Index>{std::ssize(t.rows), width});
    if (input.kind == InputKind::category) {
      std::vector<std::string> cells;
      for (const auto& row : t.rows) cells.push_back(row[place(0)]);
      return json.add("type", "string").add("values", cells);
    }
    std::vector<double> numbers;
    for (const auto& row : t.rows)
      for (Index i = 0; i < width; ++i) {
        const std::string& cell = row[place(static_cast<std::size_t>(i))];
        numbers.push_back(cell.empty() ? NAN : std::strtod(cell.c_str(), nullptr));
      }
    return json.add("type", "float64").add("values", numbers);
  }

  void expect(const std::string& file, const JsonObject& inputs, const std::string& output,
              const std::vector<Index>& dims, auto expected) {
    list_.push_back(JsonObject()
                        .add("file", file)
                        .add("rows", dims[0])
                        .add("inputs", inputs)
                        .add("output", output)
                        .add("dims", dims)
                        .add("expected", std::move(expected)));
  }

  void add(const std::string& name, const SchemaTable& t, Model m) {
    const onnx::File file = to_onnx_of_rows(m);
    std::ofstream(folder_ / (name + ".onnx"), std::ios::binary) << onnx::encode(file);
    JsonObject inputs;
    const std::vector<Input>& columns = m.schema.inputs;
    const auto cell_of = [&](std::size_t i) {
      return static_cast<std::size_t>(std::ranges::find(t.names, columns[i].name) -
                                      t.names.begin());
    };
    if (file.inputs.size() == 1 && columns.size() > 1)
      inputs.add("x", column(t, columns[0], std::ssize(columns), cell_of));
    else
      for (std::size_t i = 0; i < columns.size(); ++i)
        inputs.add(columns[i].name,
                   column(t, columns[i], 1, [&](std::size_t) { return cell_of(i); }));
    const Dataset rows =
        data::apply(m.schema, data::parse_table(t.text(), "t.csv", {}), {.target = false});
    const Predictions p = predict(m, rows);
    answers(name + ".onnx", inputs, m.schema, p);
  }

  void answers(const std::string& file, const JsonObject& inputs, const Schema& s,
               const Predictions& p) {
    const Index count = p.values.rows(), width = p.values.cols();
    const std::vector<float> values(p.values.span().begin(), p.values.span().end());
    if (s.task == Task::regression)
      return expect(file, inputs, "prediction", {count, width}, values);
    std::vector<float> all;
    for (Index r = 0; r < count && width == 1; ++r)
      all.push_back(1 - p.values(r, 0)), all.push_back(p.values(r, 0));
    expect(file, inputs, "probabilities", {count, std::max<Index>(width, 2)},
           width == 1 ? all : values);
    std::vector<std::string> labels;
    for (Index r = 0; r < count; ++r) {
      if (s.task == Task::classification)
        labels.push_back(s.label(p.classes[static_cast<std::size_t>(r)]));
      for (Index k = 0; k < width && s.task == Task::multilabel; ++k)
        labels.push_back(
            s.targets[static_cast<std::size_t>(k)].labels[p.values(r, k) > s.threshold]);
    }
    const bool several = s.task == Task::multilabel;
    const std::vector<Index> dims = several ? std::vector<Index>{count, width} : std::vector{count};
    const char* const name = several ? "labels" : "label";
    std::vector<double> numbers;
    std::vector<bool> yes;
    for (const std::string& label : labels)
      numbers.push_back(std::strtod(label.c_str(), nullptr)), yes.push_back(label == "True");
    if (s.label_type == LabelType::text) return expect(file, inputs, name, dims, labels);
    if (s.label_type == LabelType::boolean) return expect(file, inputs, name, dims, yes);
    expect(file, inputs, name, dims, numbers);
  }

  /// Runs what was added; the number of files and of cases that are right.
  void run(int files) {
    std::string all;
    for (const JsonObject& c : list_) all += (all.empty() ? "[" : ",\n") + c.str();
    std::ofstream(folder_ / "cases.json") << all << "]";
    const auto checked = testing::run_python("onnx_check.py", folder_.string());
    if (checked.code != 77) {
      EXPECT_EQ(checked.code, 0) << checked.out;
      EXPECT_EQ(checked.count(), files) << checked.out;
    }
    const auto ran = testing::run_node("onnx_run.js", folder_.string());
    if (ran.code == 77) GTEST_SKIP() << ran.out;
    EXPECT_EQ(ran.code, 0) << ran.out;
    EXPECT_EQ(ran.count(), std::ssize(list_)) << ran.out;
  }

  fs::path folder_;
  std::vector<JsonObject> list_;
};

TEST_F(OnnxSchema, RuntimeAnswersAsPredict) {
  int files = 0;
  for (const Ask ask : {Ask::text, Ask::integer, Ask::boolean, Ask::real, Ask::three, Ask::number,
                        Ask::numbers, Ask::labels})
    for (const bool categories : {true, false}) {
      const SchemaTable t = made_up(ask, categories);
      data::CsvOptions options{.test_fraction = 0};
      options.targets = {"y"};
      if (ask == Ask::numbers || ask == Ask::labels) options.targets.push_back("z");
      options.categorical = categories ? std::vector<std::string>{"member"} : options.categorical;
      if (ask != Ask::number && ask != Ask::numbers && ask != Ask::labels)
        options.task = Task::classification;
      const Splits s = data::csv(data::parse_table(t.text(), "t.csv", {}), options);
      Model m = learnt(s);
      if (ask == Ask::text) m.schema.threshold = 0.7;
      if (ask == Ask::integer) m.schema.threshold = 0.3;
      add(cat("m", ++files), t, std::move(m));
    }
  run(files);
}

TEST_F(OnnxSchema, PicturesAreBytes) {
  Model m("flatten, linear 3", {2, 2}, {.seed = 4});
  m.schema.inputs = {picture_input({2, 2})};
  m.schema.labels = {"a", "b", "c"};
  std::ofstream(folder_ / "p.onnx", std::ios::binary) << onnx::encode(to_onnx_of_rows(m));
  const std::vector<int> bytes = {0, 255, 51, 1, 9, 8, 7, 200};
  std::vector<float> x;
  for (const int b : bytes) x.push_back(static_cast<float>(b) / 255);
  JsonObject inputs;
  inputs.add("pixels", JsonObject()
                           .add("type", "uint8")
                           .add("dims", std::vector<Index>{2, 2, 2})
                           .add("values", bytes));
  answers("p.onnx", inputs, m.schema, predict(m, x));
  run(1);
}

TEST_F(OnnxSchema, TheNetworkComesBack) {
  const SchemaTable t = made_up(Ask::three, true);
  data::CsvOptions options{.targets = {"y"}, .test_fraction = 0, .categorical = {"member"}};
  const Model m = learnt(data::csv(data::parse_table(t.text(), "t.csv", {}), options));
  const std::string bytes = onnx::encode(to_onnx_of_rows(m));
  onnx::File file = onnx::decode(std::as_bytes(std::span(bytes)), "m.onnx");
  EXPECT_EQ(file.inputs.size(), 4);
  const Model back = from_onnx(file, "m.onnx");
  EXPECT_EQ(back.schema, m.schema);
  EXPECT_EQ(back.text(), m.text());
  EXPECT_TRUE(std::ranges::equal(back.params().all(), m.params().all()));
  onnx::remove_schema(file);
  EXPECT_EQ(onnx::encode(file), onnx::encode([&] {
              onnx::File plain = to_onnx(m);
              plain.uses_texts = file.uses_texts;
              return plain;
            }()));

  Model other = Model("linear 1", {2});
  other.schema.inputs = {{.name = "a/b", .kind = InputKind::category, .categories = {"x", "y"}}};
  testing::expect_error<Error>([&] { to_onnx_of_rows(other); },
                               "the column 'a/b' cannot be an input");
}

}  // namespace
}  // namespace chainrule
