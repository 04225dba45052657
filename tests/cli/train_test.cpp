// Training, measuring and predicting from the command line, and what can go wrong there.
#include <algorithm>
#include <csignal>
#include <gtest/gtest.h>
#include <sstream>

#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

namespace fs = std::filesystem;

/// Three kinds of flower, told apart by two lengths and by where they grow.
std::string flowers() {
  std::ostringstream csv;
  csv << "length,width,place,species\n";
  for (int i = 0; i < 60; ++i) {
    const double wobble = 0.1 * (i % 7) - 0.3;
    csv << 1 + wobble << ',' << 0.5 - wobble / 2 << ",meadow,setosa\n"
        << 4 + wobble << ',' << 1.4 + wobble / 2 << ",wood,versicolor\n"
        << 6 - wobble << ',' << 2.2 + wobble / 2 << ",wood,virginica\n";
  }
  return csv.str();
}

/// y = 3 a - 2 b + 1.
std::string line_table() {
  std::ostringstream csv;
  csv << "a,b,y\n";
  for (int i = 0; i < 100; ++i) {
    const double a = 0.1 * (i % 10), b = 0.1 * (i / 10);
    csv << a << ',' << b << ',' << 3 * a - 2 * b + 1 << '\n';
  }
  return csv.str();
}

void expect_failure(const Outcome& o, int code, const std::string& sentence) {
  EXPECT_EQ(o.exit_code, code) << o.err;
  EXPECT_NE(o.err.find("chainrule: "), std::string::npos) << o.err;
  EXPECT_NE(o.err.find(sentence), std::string::npos) << o.err;
}

TEST(Train, XorIsLearntAndTheModelCanBeUsed) {
  const TemporaryFolder folder;
  const std::string out = folder.str("run"), model = folder.str("run/model.safetensors");
  const Outcome trained = run({"train", "xor", "--out", out, "--json"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(trained.number("train_accuracy"), 1);
  EXPECT_EQ(trained.number("test_accuracy"), 1);
  EXPECT_LT(trained.number("test_loss"), 0.1);
  EXPECT_GT(trained.number("steps"), 0);
  EXPECT_GE(trained.number("train_seconds"), 0);
  EXPECT_EQ(trained.text("model"), model);
  EXPECT_EQ(std::count(trained.out.begin(), trained.out.end(), '\n'), 1) << trained.out;
  for (const char* file : {"model.safetensors", "history.csv", "curves.svg", "confusion.svg"})
    EXPECT_GT(fs::file_size(fs::path(out) / file), 0U) << file;

  const Outcome measured = run({"eval", model, "xor", "--json"});
  EXPECT_EQ(measured.exit_code, 0) << measured.err;
  EXPECT_EQ(measured.number("accuracy"), 1);
  EXPECT_EQ(measured.text("confusion"), "[[2,0],[0,2]]");

  const std::string rows = folder.write("rows.csv", "x1,x2\n0,0\n0,1\n1,0\n1,1\n");
  const Outcome predicted = run({"predict", model, rows, "--json"});
  EXPECT_EQ(predicted.exit_code, 0) << predicted.err;
  EXPECT_EQ(predicted.number("predictions"), 4);

  const Outcome checked = run({"check", model, "xor", "--json"});
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
  EXPECT_LT(checked.number("max_relative_error"), 1e-6);
}

TEST(Train, TheSameSeedGivesTheSameFile) {
  const TemporaryFolder folder;
  for (const std::string threads : {"1", "2", "8"}) {
    const Outcome o = run({"train", "moons", "--epochs", "3", "--threads", threads, "--out",
                           folder.str("run" + threads), "--quiet"});
    EXPECT_EQ(o.exit_code, 0) << o.err;
    EXPECT_EQ(o.out + o.err, "");
  }
  const std::string one = read_file(folder / "run1/model.safetensors");
  EXPECT_EQ(one, read_file(folder / "run2/model.safetensors"));
  EXPECT_EQ(one, read_file(folder / "run8/model.safetensors"));
  EXPECT_EQ(run({"train", "moons", "--epochs", "3", "--seed", "2", "--out", folder.str("other")})
                .exit_code,
            0);
  EXPECT_NE(one, read_file(folder / "other/model.safetensors"));
}

TEST(Train, TableWithTextClasses) {
  const TemporaryFolder folder;
  const std::string csv = folder.write("flowers.csv", flowers());
  const std::string model = folder.str("run/model.safetensors");
  const Outcome trained = run({"train", csv, "--target", "species", "--hidden", "16", "--json",
                               "--out", folder.str("run")});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_GE(trained.number("test_accuracy"), 0.95);

  const Outcome measured = run({"eval", model, csv, "--min-accuracy", "0.95"});
  EXPECT_EQ(measured.exit_code, 0) << measured.err;
  for (const char* name : {"setosa", "versicolor", "virginica", "precision", "predicted"})
    EXPECT_NE(measured.out.find(name), std::string::npos) << measured.out;

  const std::string row = folder.write("row.csv", "length,width,place\n5.9,2.3,wood\n");
  const Outcome predicted = run({"predict", model, row});
  EXPECT_EQ(predicted.exit_code, 0) << predicted.err;
  EXPECT_NE(predicted.out.find("virginica"), std::string::npos) << predicted.out;

  // The order of columns does not matter, a missing one does.
  const std::string turned = folder.write("turned.csv", "place,width,length\nmeadow,0.5,1\n");
  EXPECT_NE(run({"predict", model, turned}).out.find("setosa"), std::string::npos);
  const std::string lacking = folder.write("lacking.csv", "length,width\n1,0.5\n");
  expect_failure(run({"predict", model, lacking}), 3, "place");
}

TEST(Train, TableOfNumbers) {
  const TemporaryFolder folder;
  const std::string csv = folder.write("line.csv", line_table());
  const std::string model = folder.str("run/model.safetensors");
  const Outcome trained = run({"train", csv, "--target", "y", "--model", "linear 1", "--lr", "0.05",
                               "--epochs", "100", "--json", "--out", folder.str("run")});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_GT(trained.number("test_r2"), 0.999);
  EXPECT_FALSE(fs::exists(folder / "run/confusion.svg"));

  const Outcome measured = run({"eval", model, csv, "--json"});
  EXPECT_GT(measured.number("r2"), 0.999) << measured.err;
  EXPECT_LT(measured.number("mae"), 0.05);
  const std::string row = folder.write("row.csv", "a,b\n0.5,0.25\n");
  const Outcome predicted = run({"predict", model, row, "--json"});
  ASSERT_EQ(predicted.exit_code, 0) << predicted.err;
  const std::string line = predicted.last_line();
  const std::size_t at = line.find("\"value\": ");
  ASSERT_NE(at, std::string::npos) << line;
  EXPECT_NEAR(std::stod(line.substr(at + 9)), 2.0, 0.05) << line;
}

TEST(Train, EarlyStoppingKeepsTheBest) {
  const TemporaryFolder folder;
  const Outcome o = run({"train", "moons", "--validation", "0.2", "--early-stopping", "2",
                         "--epochs", "500", "--lr", "0.05", "--out", folder.str("run"), "--json"});
  ASSERT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(o.text("stopped"), "early");
  EXPECT_EQ(o.number("best_epoch") + 2, o.number("epochs"));
}

TEST(Train, AccuracyBelowTheMinimumIsExitCode1) {
  const TemporaryFolder folder;
  const auto train = [&](const char* minimum) {
    return run({"train", "circles", "--steps", "1", "--min-accuracy", minimum, "--out",
                folder.str("run"), "--quiet", "--overwrite"});
  };
  expect_failure(train("1"), 1, "is below 100.00 %");
  EXPECT_EQ(train("0").exit_code, 0);
  const std::string model = folder.str("run/model.safetensors");
  expect_failure(run({"eval", model, "circles", "--min-accuracy", "1"}), 1, "is below 100.00 %");
}

TEST(Train, PlainOutputHasALinePerEpochAndNoControlCharacters) {
  const TemporaryFolder folder;
  const Outcome o = run({"train", "blobs", "--epochs", "4", "--out", folder.str("run")});
  ASSERT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(o.out.find('\x1b'), std::string::npos);
  EXPECT_EQ(o.out.find('\r'), std::string::npos);
  for (const char* text : {"\n    1   ", "\n    4   ", "data ", "\nmodel ", "\ntraining ",
                           "\nwrote ", "\nnext ", "test acc"})
    EXPECT_NE(o.out.find(text), std::string::npos) << text << " in:\n" << o.out;
}

TEST(Train, ATerminalGetsColoursAndABar) {
  const TemporaryFolder folder;
  // Long enough that a bar falls due, also on a fast machine.
  const std::vector<std::string> words = {
      "train",    "moons",
      "--model",  "linear 256, relu, linear 256, relu, linear 2",
      "--epochs", "40",
      "--batch",  "1",
      "--out",    folder.str("run")};
  RunOptions options{.environment = {{"TERM", "xterm"}}, .terminal = true};
  const Outcome o = run(words, options);
  EXPECT_EQ(o.exit_code, 0) << o.out;
  EXPECT_NE(o.out.find("\x1b[36m"), std::string::npos);
  EXPECT_NE(o.out.find("█"), std::string::npos);
  EXPECT_NE(o.out.find("batch/s"), std::string::npos);
  options.environment["NO_COLOR"] = "1";
  EXPECT_EQ(run(words, options).out.find("\x1b[36m"), std::string::npos);
}

TEST(Train, AnOutputFolderThatCannotBeWrittenIsSaidBeforeTraining) {
  const TemporaryFolder folder;
  const std::string file = folder.write("file", "");
  for (const std::string& out : {file, file + "/run", std::string("/proc/run")}) {
    const Outcome o = run({"train", "xor", "--out", out});
    expect_failure(o, 3, "output folder '" + out + "'");
    EXPECT_EQ(o.out.find("epoch"), std::string::npos) << o.out;
  }
}

TEST(Train, AFullDiskIsASentence) {
  const TemporaryFolder folder;
  const Outcome o =
      run({"train", "digits", "--limit", "500", "--epochs", "1", "--out", folder.str("run")},
          {.largest_file = 10'000});
  expect_failure(o, 3, "model.safetensors");
  expect_failure(run({"data", "list"}, {.output = "/dev/full"}), 3, "standard output");
}

TEST(Train, NumbersThatExplodeEndTheRunAndTheLastGoodOnesAreKept) {
  const TemporaryFolder folder;
  const Outcome o = run({"train", "blobs", "--optimizer", "sgd", "--lr", "1e30", "--model",
                         "linear 8, relu, linear 3", "--out", folder.str("run")});
  expect_failure(o, 4, "step");
  EXPECT_NE(o.err.find("model.safetensors"), std::string::npos) << o.err;
  EXPECT_TRUE(fs::exists(folder / "run/model.safetensors"));
}

TEST(Train, CtrlCFinishesTheStepAndKeepsTheModel) {
  const TemporaryFolder folder;
  for (const int signal : {SIGINT, SIGTERM}) {
    Program program({"train", "blobs", "--epochs", "1000000", "--out", folder.str("run")});
    ASSERT_TRUE(program.wait_for("\n    1 "));
    program.send(signal);
    const Outcome o = program.finish();
    EXPECT_EQ(o.exit_code, 130) << o.err;
    EXPECT_NE(o.out.find("interrupted after "), std::string::npos) << o.out;
    EXPECT_NE(o.out.find(folder.str("run") + ": model.safetensors"), std::string::npos) << o.out;
    const Outcome measured = run({"eval", folder.str("run/model.safetensors"), "blobs", "--json"});
    EXPECT_EQ(measured.exit_code, 0) << measured.err;
    EXPECT_GT(measured.number("accuracy"), 0.4);
    fs::remove_all(folder / "run");
  }
}

TEST(Train, MissingFilesAreNamed) {
  const TemporaryFolder folder;
  const std::string out = folder.str("run");
  expect_failure(run({"train", folder.str("no.csv"), "--target", "y", "--out", out}), 3, "no.csv");
  expect_failure(run({"train", "mnist", "--data", folder.str("none"), "--out", out}), 3, "none");
  expect_failure(run({"train", "mnist", "--out", out}), 2, "CHAINRULE_MNIST");
  expect_failure(run({"eval", folder.str("no.safetensors"), "xor"}), 3, "no.safetensors");
  const std::string csv = folder.write("line.csv", line_table());
  expect_failure(run({"train", csv, "--out", out}), 2, "--target");
  expect_failure(run({"train", csv, "--target", "z", "--out", out}), 3, "'z'");
  ASSERT_EQ(run({"train", "xor", "--steps", "1", "--out", out, "--quiet"}).exit_code, 0);
  const std::string model = folder.str("run/model.safetensors");
  expect_failure(run({"predict", model, folder.str("no.png")}), 3, "no.png");
  expect_failure(run({"predict", model}), 2, "FILE");
  expect_failure(run({"eval", model, "digits", "--limit", "60"}), 3, "784");
  const std::string bad = folder.write("bad.safetensors", "not a model");
  expect_failure(run({"eval", bad, "xor"}), 3, "bad.safetensors");
}

TEST(Train, BadTablesAreASentence) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& text, const std::string& sentence) {
    const std::string csv = folder.write("bad.csv", text);
    expect_failure(run({"train", csv, "--target", "y", "--out", folder.str("run")}), 3, sentence);
  };
  refused("", "bad.csv");
  refused("a,y\n", "bad.csv");
  refused("a,y\n1,2\n1,2,3\n", "line 3");
  refused("a,y\n1,2\n3,nan\n", "every row");
}

}  // namespace
}  // namespace chainrule::testing
