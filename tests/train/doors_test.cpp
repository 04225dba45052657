// A raw row means one thing, whoever reads it: 200 random tables.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>

#include "chainrule/core/random.h"
#include "chainrule/data/csv.h"
#include "chainrule/train/evaluate.h"
#include "chainrule/train/fit.h"

namespace chainrule {
namespace {

/// A table as text, whose columns can be put in another order.
struct RandomTable {
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> columns;
  data::CsvOptions options;

  data::Table table(std::vector<std::int32_t> order = {}) const {
    if (order.empty())
      for (std::size_t i = 0; i < names.size(); ++i) order.push_back(static_cast<std::int32_t>(i));
    std::string text;
    const auto row = [&](auto cell) {
      for (std::size_t i = 0; i < order.size(); ++i)
        text += (i > 0 ? "," : "") + cell(static_cast<std::size_t>(order[i]));
      text += '\n';
    };
    row([&](std::size_t c) { return names[c]; });
    for (std::size_t r = 0; r < columns[0].size(); ++r)
      row([&](std::size_t c) { return columns[c][r]; });
    return data::parse_table(text, "t.csv", {.delimiter = ',', .header = true});
  }
};

constexpr std::size_t kDoorRows = 40;

std::string cell_of(int kind, Random& random) {
  const auto pick = [&](std::initializer_list<const char*> words) {
    return std::string(words.begin()[random.below(static_cast<std::uint32_t>(words.size()))]);
  };
  switch (kind) {
    case 0:
      return cat(std::round(random.normal() * 1000) / 100);
    case 1:  // with holes
      return random.below(6) == 0 ? "" : cat(1e6 + random.below(1000));
    case 2:
      return pick({"red", "green", "blue, dark"});
    case 3:
      return pick({"red", "", "NA", "green"});
    case 4:
      return pick({"True", "False"});
    case 5:  // codes, told to be categories
      return pick({"01", "1", "2", "30"});
    default:
      return cat(random.below(50));
  }
}

std::string quoted(const std::string& cell) {
  // A line without anything is no row, so a cell that is alone in its row and empty is written "".
  return cell.find(',') == std::string::npos && !cell.empty() ? cell : "\"" + cell + "\"";
}

RandomTable random_table(Random& random) {
  RandomTable t;
  const auto add = [&](const std::string& name, auto cell) {
    t.names.push_back(name);
    auto& column = t.columns.emplace_back();
    for (std::size_t r = 0; r < kDoorRows; ++r) column.push_back(quoted(cell(r)));
  };
  const std::uint32_t inputs = 1 + random.below(5);
  for (std::uint32_t i = 0; i < inputs; ++i) {
    const int kind = static_cast<int>(random.below(7));
    const std::string name = cat("in", i, kind == 5 ? "_code" : "");
    add(name, [&](std::size_t) { return cell_of(kind, random); });
    if (kind == 5) t.options.categorical.push_back(name);
  }
  const auto target = [&](const std::string& name, auto cell) {
    add(name, cell);
    t.options.targets.push_back(name);
  };
  const auto number = [&](std::size_t) { return cat(100 + 7.25 * random.normal()); };
  const auto two = [](const char* no, const char* yes) {
    return [no, yes](std::size_t r) { return std::string(r % 2 == 0 ? no : yes); };
  };
  switch (random.below(6)) {
    case 0:
      target("y", number);
      break;
    case 1:
      target("y1", number), target("y2", number);
      break;
    case 2:
      target("y", [](std::size_t r) {
        return std::string(r % 3 == 0 ? "a" : r % 3 == 1 ? "b" : "c");
      });
      break;
    case 3:
      target("y", two("01", "1"));
      break;
    case 4:
      target("y", two("False", "True"));
      break;
    default:
      target("y1", two("no", "yes")), target("y2", [](std::size_t r) { return cat(r % 4 / 2); });
  }
  t.options.test_fraction = 0.25;
  return t;
}

Model trained_on(const Splits& s) {
  const bool classes = s.schema.task == Task::classification;
  const Index outputs = !classes                     ? s.train.target_size()
                        : s.train.class_count() == 2 ? 1
                                                     : s.train.class_count();
  const std::string loss = s.schema.task == Task::regression ? "squared_error"
                           : classes && outputs > 1          ? "softmax_cross_entropy"
                                                             : "binary_cross_entropy_logits";
  Model model(cat("linear 4, tanh, linear ", outputs), s.features(), {.loss = loss, .seed = 3});
  fit(model, s, {.epochs = 3, .batch = 8, .threads = 1});
  return model;
}

void expect_same_answers(const Predictions& a, const Predictions& b, int number) {
  EXPECT_EQ(a.classes, b.classes) << number;
  ASSERT_EQ(a.values.size(), b.values.size()) << number;
  for (Index i = 0; i < a.values.size(); ++i) EXPECT_EQ(a.values[i], b.values[i]) << number;
}

TEST(Doors, AllReadARowAlike) {
  std::string name = (std::filesystem::temp_directory_path() / "chainrule-doors-XXXXXX").string();
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  for (int number = 0; number < 200; ++number) {
    Random random(7, static_cast<std::uint64_t>(number));
    const RandomTable t = random_table(random);
    const Splits s = data::csv(t.table(), t.options);
    Model model = trained_on(s);
    EXPECT_EQ(model.schema.inputs, s.schema.inputs) << number;
    EXPECT_EQ(model.schema.labels, s.schema.labels) << number;

    const std::string file = name + "/m.safetensors";
    model.save(file);
    const Model loaded = Model::load(file);
    EXPECT_EQ(loaded.schema, model.schema) << number;

    // New rows, columns in another order, without targets: as in training, row by row.
    std::vector<std::int32_t> order;
    for (std::size_t i = 0; i < t.names.size() - t.options.targets.size(); ++i)
      order.push_back(static_cast<std::int32_t>(i));
    random.shuffle(order);
    const Dataset fresh = data::apply(loaded.schema, t.table(order), {.target = false});
    ASSERT_EQ(fresh.rows(), static_cast<Index>(kDoorRows));
    expect_same_answers(predict(model, s.train), predict(loaded, fresh.subset(s.train.origin)),
                        number);
    expect_same_answers(predict(model, s.test), predict(loaded, fresh.subset(s.test.origin)),
                        number);

    // With targets, and as data to go on learning from.
    const Dataset known = data::apply(loaded.schema, t.table());
    EXPECT_EQ(known.subset(s.train.origin).targets, s.train.targets) << number;
    EXPECT_EQ(known.subset(s.train.origin).classes, s.train.classes) << number;
    const Splits kept = data::csv(t.table(), {.test_fraction = 0.25, .keep = &loaded.schema});
    EXPECT_EQ(kept.train.floats, s.train.floats) << number;
    EXPECT_EQ(kept.train.targets, s.train.targets) << number;
    EXPECT_EQ(difference_of(loaded.schema, kept.schema), "") << number;
    EXPECT_EQ(scaling_difference(loaded.schema, kept.schema), "") << number;
    const Evaluation one = evaluate(model, s.test), other = evaluate(loaded, kept.test);
    EXPECT_EQ(one.loss, other.loss) << number;
  }
  std::filesystem::remove_all(name);
}

}  // namespace
}  // namespace chainrule
