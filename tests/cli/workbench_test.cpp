// Validation by default, folds, seeds, lists of runs, and the search for settings.
#include <cmath>
#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// Two classes by the sign of a product, some labels turned.
std::string table_of(int rows) {
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  std::ostringstream csv;
  csv << "a,b,y\n";
  for (int i = 0; i < rows; ++i) {
    const double a = normal(random), b = normal(random);
    csv << a << ',' << b << ',' << ((a * b > 0) != (random() % 10 == 0) ? "p" : "q") << '\n';
  }
  return csv.str();
}

TEST(Workbench, ATenthOfManyRowsIsForValidation) {
  const TemporaryFolder folder;
  const std::string many = folder.write("many.csv", table_of(640)),
                    few = folder.write("few.csv", table_of(600));
  int runs = 0;
  const auto train = [&](const std::string& table, Words more) {
    more.insert(more.begin(), {"train", table, "--target", "y", "--epochs", "2", "--json", "--out",
                               folder.str("run" + std::to_string(++runs))});
    return run(more);
  };
  Outcome o = train(many, {});
  EXPECT_NE(o.err.find("448 train / 64 validation / 128 test"), std::string::npos) << o.err;
  EXPECT_GT(o.number("validation_loss"), 0);
  EXPECT_GE(o.number("validation_accuracy"), 0);
  EXPECT_NE(o.err.find("--validation 0: none"), std::string::npos) << o.err;
  o = train(many, {"--validation", "0"});
  EXPECT_NE(o.err.find("512 train / 128 test"), std::string::npos) << o.err;
  EXPECT_TRUE(std::isnan(o.number("validation_loss")));
  EXPECT_NE(train(few, {}).err.find("480 train / 120 test"), std::string::npos);
  // The last rows for the test, those before them for validation.
  o = train(few, {"--split", "last", "--validation", "0.1"});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  const std::string recipe = read_file(folder.str("run" + std::to_string(runs)) + "/recipe.json");
  EXPECT_NE(recipe.find("\"training_rows\": \"1-420\""), std::string::npos) << recipe;
  EXPECT_NE(recipe.find("\"validation_rows\": \"421-480\""), std::string::npos);
  EXPECT_NE(recipe.find("\"test_rows\": \"481-600\""), std::string::npos);
  EXPECT_EQ(train(few, {"--split", "first"}).exit_code, 2);
}

TEST(Workbench, FoldsTestEveryRowOnce) {
  const TemporaryFolder folder;
  const std::string table = folder.write("t.csv", table_of(103));
  const Words words = {"train", table, "--target", "y", "--epochs", "5", "--folds", "5", "--json"};
  const Outcome o = run(words);
  ASSERT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(o.number("folds"), 5);
  EXPECT_EQ(o.number("interval"), 2);
  EXPECT_GT(o.number("mean"), 0.3);
  int rows = 0;
  const std::string json = o.last_line(), key = "\"rows\": ";
  for (std::size_t at = json.find(key); at != json.npos; at = json.find(key, at + 1))
    rows += std::stoi(json.substr(at + key.size()));
  EXPECT_EQ(rows, 103);
  // Times aside, one processor says the same as two.
  Words one = words;
  one.insert(one.end(), {"--threads", "1"});
  EXPECT_EQ(run(one).number("mean"), o.number("mean"));
  EXPECT_EQ(run({"train", table, "--target", "y", "--folds", "1"}).exit_code, 2);
}

TEST(Workbench, SeedsAreThoseOfSingleRuns) {
  const TemporaryFolder folder;
  const Words words = {"train", "moons", "--epochs", "2", "--json"};
  Words seeds = words, single = words;
  seeds.insert(seeds.end(), {"--seeds", "3", "--seed", "4"});
  const Outcome o = run(seeds);
  ASSERT_EQ(o.exit_code, 0) << o.err;
  double sum = 0;
  for (const char* seed : {"4", "5", "6"}) {
    Words w = words;
    w.insert(w.end(), {"--seed", seed, "--out", folder.str(seed)});
    sum += run(w).number("test_accuracy");
  }
  EXPECT_NEAR(o.number("mean"), sum / 3, 1e-12);
}

TEST(Workbench, RunsAreListedWithWhatDiffers) {
  const TemporaryFolder folder;
  EXPECT_EQ(run({"runs", folder.str("")}).exit_code, 3);
  for (const char* lr : {"0.01", "0.1"})
    ASSERT_EQ(
        run({"train", "moons", "--epochs", "2", "--lr", lr, "--out", folder.str(lr)}).exit_code, 0);
  const Outcome o = run({"runs", folder.str(""), "--json"});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(o.number("runs"), 2);
  EXPECT_NE(o.err.find("lr=0.1"), std::string::npos) << o.err;
  EXPECT_EQ(o.err.find("epochs=2"), std::string::npos) << o.err;  // the same in both
}

Words tuning(const std::string& table, const std::string& out) {
  return {"tune",     table,   "--target",      "y",       "--trials",
          "9",        "--try", "lr=log:1e-4:1", "--try",   "model=linear {4,8}, relu, linear",
          "--epochs", "6",     "--json",        "--quiet", "--out",
          out};
}

std::string without_folder(std::string json, const std::string& folder) {
  for (std::size_t at; (at = json.find(folder)) != json.npos;) json.erase(at, folder.size());
  return json;
}

TEST(Workbench, TuneGivesTheSameTableForTheSameSeedAlsoAfterAKill) {
  const TemporaryFolder folder;
  const std::string table = folder.write("t.csv", table_of(200));
  const std::string a = folder.str("a"), b = folder.str("b"), c = folder.str("c");
  const Outcome first = run(tuning(table, a));
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(first.number("trials"), 9);
  Words one = tuning(table, b);
  one.insert(one.end(), {"--threads", "1"});
  EXPECT_EQ(without_folder(run(one).last_line(), b), without_folder(first.last_line(), a));

  // As after a kill in the middle of a line.
  ASSERT_EQ(run(tuning(table, c)).exit_code, 0);
  const std::string log = read_file(c + "/trials.csv");
  folder.write("c/trials.csv", log.substr(0, log.size() / 2));
  const Outcome resumed = run({"tune", "--resume", c, "--json", "--quiet"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(without_folder(resumed.last_line(), c), without_folder(first.last_line(), a));

  // The command of the winner gives the winner.
  const Outcome measured = run({"eval", a + "/best", "--json"});
  EXPECT_EQ(measured.exit_code, 0) << measured.err;
  const std::string command = first.text("command");
  const std::string copy = folder.str("copy");
  const Outcome again =
      run({}, {.launcher = {"/bin/sh", "-c",
                            "exec \"$0\" " + command.substr(10) + " --quiet --out " + copy}});
  EXPECT_EQ(again.exit_code, 0) << command << again.err;
  EXPECT_EQ(read_file(copy + "/model.safetensors"), read_file(a + "/best/model.safetensors"));
}

TEST(Workbench, TuneKeepsToItsBudgetAndSaysWhatIsWrong) {
  const TemporaryFolder folder;
  const std::string table = folder.write("t.csv", table_of(120));
  const Outcome o =
      run({"tune", table, "--target", "y", "--budget", "1s", "--out", folder.str("t"), "--json"});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_GE(o.number("trials"), 1);
  const auto refused = [&](const Words& more, const std::string& why) {
    Words words = {"tune", table, "--target", "y", "--out", folder.str("no")};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome wrong = run(words);
    EXPECT_EQ(wrong.exit_code, 2) << wrong.err;
    EXPECT_NE(wrong.err.find(why), std::string::npos) << wrong.err;
  };
  refused({"--try", "lr=log:1:0.1"}, "the first number must be below the second");
  refused({"--try", "lr=log:0:1"}, "a logarithm needs numbers above 0");
  refused({"--try", "lr"}, "a flag's name");
  refused({"--try", "target=a,b"}, "--try cannot choose --target");
  refused({"--try", "model=linear {4,8, linear"}, "a '}' is missing");
  refused({"--try", "lr=0.1,0.2", "--try", "lr=0.3"}, "names --lr twice");
  refused({"--budget", "soon"}, "--budget expects a time");
}

}  // namespace
}  // namespace chainrule::testing
