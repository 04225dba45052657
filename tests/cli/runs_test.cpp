// Runs keep how they were made, are repeated to the bit, and are measured on unseen rows.
#include <filesystem>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// Labels that nothing tells: a network that learns them by heart is right on them alone.
std::string noise(int rows, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::ostringstream csv;
  csv << "a,b,c,d,kind\n";
  for (int i = 0; i < rows; ++i) {
    for (int k = 0; k < 4; ++k) csv << normal(random) << ',';
    csv << (random() % 2 == 0 ? "yes" : "no") << '\n';
  }
  return csv.str();
}

Words learning_by_heart(const std::string& table, const std::string& out) {
  return {"train", table,  "--target", "kind",  "--hidden", "64",    "--epochs",
          "150",   "--lr", "0.02",     "--out", out,        "--json"};
}

/// Starts in `folder`, as a shell would.
Outcome run_in(const fs::path& folder, const std::string& words) {
  return run(
      {}, {.launcher = {"/bin/sh", "-c", "cd '" + folder.string() + "' && exec \"$0\" " + words}});
}

TEST(Runs, EvalOfARunOrItsTableIsTheFigureOfTheTest) {
  const TemporaryFolder folder;
  const std::string table = folder.write("t.csv", noise(200, 1)), out = folder.str("run");
  const Outcome trained = run(learning_by_heart(table, out));
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(trained.text("run"), out);
  ASSERT_GT(trained.number("train_accuracy"), trained.number("test_accuracy") + 0.2);

  const Outcome alone = run({"eval", out, "--json"});
  EXPECT_EQ(alone.exit_code, 0) << alone.err;
  EXPECT_EQ(alone.number("accuracy"), trained.number("test_accuracy"));
  EXPECT_EQ(alone.number("rows"), 40);

  for (const std::string& model : {out, out + "/model.safetensors"}) {
    const Outcome all = run({"eval", model, table, "--json"});
    EXPECT_EQ(all.number("accuracy"), trained.number("test_accuracy")) << all.err;
    EXPECT_EQ(all.number("seen_rows"), 160);
    EXPECT_NE(all.err.find("160 of the 200 rows took part in training"), std::string::npos);
  }
  const Outcome fresh = run({"eval", out, folder.write("u.csv", noise(50, 2)), "--json"});
  EXPECT_EQ(fresh.number("seen_rows"), 0) << fresh.err;
  EXPECT_EQ(fresh.number("rows"), 50);
}

TEST(Runs, EvalOfARunWhoseDataHaveChangedIsRefused) {
  const TemporaryFolder folder;
  const std::string table = folder.write("t.csv", noise(60, 1)), out = folder.str("run");
  ASSERT_EQ(run({"train", table, "--target", "kind", "--epochs", "2", "--out", out}).exit_code, 0);
  folder.write("t.csv", noise(60, 2));
  const Outcome o = run({"eval", out});
  EXPECT_EQ(o.exit_code, 3);
  EXPECT_NE(o.err.find("have changed"), std::string::npos) << o.err;
  EXPECT_EQ(run({"eval", out + "/model.safetensors"}).exit_code, 2);
}

TEST(Runs, AgainGivesTheSameBytes) {
  const TemporaryFolder folder;
  const std::string table = folder.write("t.csv", noise(120, 1)), a = folder.str("a");
  const std::vector<Words> runs = {
      {"train", "xor", "--epochs", "30"},
      {"train", "digits", "--limit", "300", "--model", "linear 20, relu, dropout 0.3, linear 10",
       "--epochs", "2", "--validation", "0.2", "--l2", "*.weight=0.001"},
      {"train", table, "--target", "kind", "--epochs", "5", "--class-weight", "balanced",
       "--schedule", "cosine", "--seed", "7", "--validation", "0.2", "--threshold", "auto"},
      {"train", "moons", "--optimizer", "sgd", "--lr", "0.1", "--momentum", "0.9", "--steps", "40",
       "--checkpoint-every", "10"}};
  for (Words words : runs) {
    words.insert(words.end(), {"--out", a, "--quiet", "--overwrite"});
    ASSERT_EQ(run(words).exit_code, 0) << words[1];
    for (const std::string threads : {"1", "2", "8"}) {
      const std::string b = folder.str("b" + threads);
      const Outcome o =
          run({"train", "--again", a, "--out", b, "--threads", threads, "--json", "--overwrite"});
      ASSERT_EQ(o.exit_code, 0) << o.err;
      EXPECT_EQ(o.text("same"), "true");
      EXPECT_EQ(read_file(a + "/model.safetensors"), read_file(b + "/model.safetensors"))
          << words[1] << threads;
    }
    // And once more, from the copy.
    const Outcome o =
        run({"train", "--again", folder.str("b2"), "--out", folder.str("c"), "--overwrite"});
    EXPECT_NE(o.out.find("the same bits as " + folder.str("b2")), std::string::npos) << o.out;
  }
}

TEST(Runs, AgainOfARunThatBeganWithAModel) {
  const TemporaryFolder folder;
  const std::string first = folder.str("first"), next = folder.str("next");
  ASSERT_EQ(run({"train", "moons", "--epochs", "2", "--out", first}).exit_code, 0);
  ASSERT_EQ(run({"train", "moons", "--epochs", "2", "--data-seed", "5", "--from",
                 first + "/model.safetensors", "--out", next})
                .exit_code,
            0);
  const Outcome o = run({"train", "--again", next, "--out", folder.str("same"), "--json"});
  EXPECT_EQ(o.text("same"), "true") << o.err;
  EXPECT_EQ(read_file(next + "/model.safetensors"),
            read_file(folder.str("same") + "/model.safetensors"));
  ASSERT_EQ(run({"train", "moons", "--epochs", "3", "--out", first, "--overwrite"}).exit_code, 0);
  const Outcome other = run({"train", "--again", next, "--out", folder.str("other")});
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_NE(other.err.find("is not the model that the run"), std::string::npos) << other.err;
}

TEST(Runs, AgainSaysWhatIsAnother) {
  const TemporaryFolder folder;
  const std::string table = folder.write("t.csv", noise(60, 1)), out = folder.str("run");
  ASSERT_EQ(run({"train", table, "--target", "kind", "--epochs", "2", "--out", out}).exit_code, 0);
  const auto again = [&](Words more) {
    more.insert(more.begin(), {"train", "--again", out, "--out", folder.str("x"), "--overwrite"});
    return run(more);
  };
  Outcome o = again({"--lr", "0.5"});
  EXPECT_EQ(o.exit_code, 2);
  EXPECT_NE(o.err.find("--lr cannot be changed"), std::string::npos) << o.err;
  o = again({"--epochs", "3"});
  EXPECT_EQ(o.exit_code, 2) << o.err;

  std::string recipe = read_file(out + "/recipe.json");
  const std::string version = "\"version\": \"";
  recipe.insert(recipe.find(version) + version.size(), "9.");
  folder.write("run/recipe.json", recipe);
  o = again({});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_NE(o.out.find("was made with version 9."), std::string::npos) << o.out;

  folder.write("t.csv", noise(60, 2));
  o = again({});
  EXPECT_EQ(o.exit_code, 3);
  EXPECT_NE(o.err.find("the data are not those of the run"), std::string::npos) << o.err;
  fs::remove(out + "/recipe.json");
  EXPECT_EQ(again({}).exit_code, 3);
}

TEST(Runs, NoRunTakesThePlaceOfAnother) {
  const TemporaryFolder folder;
  const Outcome first = run_in(folder / "", "train xor --epochs 5 --json");
  EXPECT_EQ(first.text("run"), "run") << first.err;
  const std::string model = read_file(folder / "run/model.safetensors");
  EXPECT_EQ(run_in(folder / "", "train xor --epochs 6 --json").text("run"), "run-2");
  EXPECT_EQ(run_in(folder / "", "train xor --epochs 6 --json").text("run"), "run-3");
  const Outcome refused = run_in(folder / "", "train xor --epochs 7 --out run");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("'run' holds a run; --overwrite"), std::string::npos) << refused.err;
  EXPECT_EQ(read_file(folder / "run/model.safetensors"), model);
  EXPECT_EQ(run_in(folder / "", "train xor --epochs 7 --out run --overwrite").exit_code, 0);
  EXPECT_NE(read_file(folder / "run/model.safetensors"), model);
}

/// The commands after "next" in what train prints.
std::vector<std::string> next_commands(const std::string& printed) {
  std::vector<std::string> commands;
  std::istringstream lines(printed.substr(printed.find("\nnext ") + 1));
  for (std::string line; std::getline(lines, line);)
    if (const std::size_t at = line.find("chainrule "); at != line.npos)
      commands.push_back(line.substr(at + 10));
  return commands;
}

TEST(Runs, EveryNextCommandWorksAndNoneMeasuresTrainingRowsUnnoticed) {
  const TemporaryFolder folder;
  folder.write("t.csv", noise(100, 3));
  for (const std::string data : {"xor", "digits --limit 60", "t.csv --target kind", "blobs",
                                 "t.csv --target a", "t.csv --target kind --test 0"}) {
    const Outcome trained = run_in(folder / "", "train " + data + " --epochs 2");
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    const auto commands = next_commands(trained.out);
    EXPECT_GE(commands.size(), 2U) << trained.out;
    for (const std::string& command : commands) {
      const Outcome o = run_in(folder / "", command);
      EXPECT_EQ(o.exit_code, 0) << command << "\n" << o.err;
      if (command.starts_with("eval")) {
        EXPECT_NE(o.out.find("the run's test part"), std::string::npos) << o.out;
      }
    }
  }
}

}  // namespace
}  // namespace chainrule::testing
