// What a raw row means, from training to the answer, through the program.
#include <cmath>
#include <gtest/gtest.h>
#include <span>
#include <string>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/data/npy.h"
#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// y = 3 x + 1; every eighth x is missing.
std::string line_with_holes(int rows) {
  std::string text = "x,c,y\n";
  for (int i = 0; i < rows; ++i)
    text += cat(i % 8 == 3 ? "" : cat(i), ",", i % 2 == 0 ? "a" : "b", ",", 3 * i + 1, "\n");
  return text;
}

TEST(SchemaProgram, MissingCellsFromTrainingToPrediction) {
  const TemporaryFolder folder;
  const std::string data = folder.write(
      "d.csv", "x,y\n" + [] {
        std::string rows;
        for (int i = 0; i < 60; ++i) rows += cat(100 + i, ",", 3 * (100 + i) + 1, "\n");
        return rows;
      }());
  const std::string out = folder.str("run"), model = out + "/model.safetensors";
  ASSERT_EQ(
      run({"train", data, "--target", "y", "--model", "linear 1", "--epochs", "400", "--out", out})
          .exit_code,
      0);
  // The mean of x is near 129.5, so that of y is near 389.5: not 1, which a raw 0 would give.
  const std::string fresh = folder.write("n.csv", "x\n\n\"\"\n120\n");
  const Outcome answers = run({"predict", model, fresh, "--json"});
  EXPECT_EQ(answers.exit_code, 0) << answers.err;
  EXPECT_EQ(answers.number("predictions"), 2);
  const std::string holes = folder.write("h.csv", "y,x\n389,\n389,NA\n");
  const Outcome e = run({"eval", model, holes, "--json"});
  EXPECT_LT(e.number("mae"), 12) << e.out;
  EXPECT_LT(e.number("rmse"), 12);
}

TEST(SchemaProgram, RowsThatAreLeftOutAreCounted) {
  const TemporaryFolder folder;
  const std::string data = folder.write("d.csv", line_with_holes(80) + "7,a,\n");
  const Outcome mean =
      run({"train", data, "--target", "y", "--epochs", "2", "--out", folder.str("a")});
  EXPECT_TRUE(has(mean.out, "1 of 81 rows is left out: 'y' is missing")) << mean.out;
  EXPECT_TRUE(has(mean.out, "missing cells are filled: 'x' 10 (mean ")) << mean.out;
  const Outcome drop = run({"train", data, "--target", "y", "--epochs", "2", "--missing", "drop",
                            "--out", folder.str("b")});
  EXPECT_TRUE(has(drop.out, "10 of 81 rows are left out: a cell is missing")) << drop.out;
  const Outcome error =
      run({"train", data, "--target", "y", "--missing", "error", "--out", folder.str("c")});
  EXPECT_EQ(error.exit_code, 3);
  EXPECT_TRUE(has(error.err, "missing values: 'x' 10 (first in line 5), 'y' 1")) << error.err;
}

TEST(SchemaProgram, ASigmoidAtTheEndIsNoClass) {
  const TemporaryFolder folder;
  std::string text = "x,y\n";
  for (int i = 0; i < 100; ++i) text += cat(i, ",", 2.4 + 0.19 * i, "\n");
  const std::string data = folder.write("d.csv", text), out = folder.str("run");
  const Outcome trained = run({"train", data, "--target", "y", "--scaling", "min_max", "--model",
                               "linear 8, tanh, linear 1, sigmoid", "--lr", "0.02", "--epochs",
                               "150", "--out", out, "--json"});
  EXPECT_EQ(trained.exit_code, 0);
  EXPECT_GT(trained.number("test_r2"), 0.9) << trained.out;
  const std::string fresh = folder.write("n.csv", "x\n50\n");
  const Outcome answer = run({"predict", out + "/model.safetensors", fresh, "--json"});
  EXPECT_TRUE(has(answer.out, "\"value\": 1")) << answer.out;
  EXPECT_FALSE(has(answer.out, "class")) << answer.out;
}

TEST(SchemaProgram, FromKeepsTheSchema) {
  const TemporaryFolder folder;
  std::string text = "a,b,y\n", swapped = "b,y,a\n", narrow = "a,b,y\n";
  for (int i = 0; i < 80; ++i) {
    const int a = i * 7 % 40, b = i * 11 % 60;
    text += cat(a, ",", b, ",", 3 * a - 2 * b, "\n");
    swapped += cat(b, ",", 3 * a - 2 * b, ",", a, "\n");
    if (a < 15) narrow += cat(a, ",", b, ",", 3 * a - 2 * b, "\n");
  }
  const std::string data = folder.write("a.csv", text), other = folder.write("b.csv", swapped),
                    part = folder.write("c.csv", narrow);
  const std::string out = folder.str("run"), model = out + "/model.safetensors";
  ASSERT_EQ(run({"train", data, "--target", "y", "--hidden", "16", "--epochs", "150", "--out", out})
                .exit_code,
            0);
  const auto again = [&](const std::string& file, std::vector<std::string> more = {}) {
    std::vector<std::string> words = {
        "train", file,       "--from", model,   "--optimizer",      "sgd",         "--lr",
        "1e-9",  "--epochs", "1",      "--out", folder.str("run2"), "--overwrite", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  EXPECT_GT(again(other, {"--target", "y"}).number("test_r2"), 0.99);
  EXPECT_GT(again(part).number("test_r2"), 0.98);
  const Outcome refit = again(part, {"--refit"});
  EXPECT_LT(refit.number("test_r2"), 0.95) << refit.out;
  EXPECT_TRUE(has(refit.err, "scaled by the new rows")) << refit.err;
  const Outcome wrong = again(other, {"--target", "a"});
  EXPECT_EQ(wrong.exit_code, 3);
  EXPECT_TRUE(has(wrong.err, "the model predicts 'y', the target is to be 'a'")) << wrong.err;
}

TEST(SchemaProgram, SeveralTargets) {
  const TemporaryFolder folder;
  std::string text = "a,b,y1,y2\n";
  for (int i = 0; i < 80; ++i)
    text += cat(i % 9, ",", i % 7, ",", i % 9 + i % 7, ",", 10 * (i % 7), "\n");
  const std::string data = folder.write("d.csv", text), out = folder.str("run");
  const Outcome trained =
      run({"train", data, "--target", "y1", "--target", "y2", "--epochs", "100", "--out", out});
  EXPECT_TRUE(has(trained.out, "2 inputs   2 targets")) << trained.out;
  const std::string model = out + "/model.safetensors";
  const Outcome answer = run({"predict", model, folder.write("n.csv", "b,a\n3,4\n"), "--json"});
  EXPECT_TRUE(has(answer.out, "\"targets\": [\"y1\", \"y2\"]")) << answer.out;
  const Outcome e = run({"eval", model, data, "--json"});
  EXPECT_EQ(e.number("targets"), 2);
  EXPECT_GT(e.number("r2"), 0.9);
  const Outcome seen = run({"inspect", model});
  EXPECT_TRUE(has(seen.out, "y1 = output ×") && has(seen.out, "y2 = output ×")) << seen.out;
}

TEST(SchemaProgram, SeveralLabels) {
  const TemporaryFolder folder;
  std::string text = "a,b,warm,wet\n";
  for (int i = 0; i < 120; ++i)
    text += cat(i % 9, ",", i % 7, ",", i % 9 > 4 ? "yes" : "no", ",", i % 7 > 3 ? 1 : 0, "\n");
  const std::string data = folder.write("d.csv", text), out = folder.str("run");
  const Outcome trained =
      run({"train", data, "--target", "warm", "--target", "wet", "--epochs", "100", "--out", out});
  EXPECT_TRUE(has(trained.out, "2 labels")) << trained.out;
  const std::string model = out + "/model.safetensors";
  const Outcome e = run({"eval", model, data, "--json"});
  EXPECT_EQ(e.text("task"), "multilabel");
  EXPECT_GT(e.number("micro_f1"), 0.95) << e.out;
  const Outcome answer = run({"predict", model, folder.write("n.csv", "a,b\n8,0\n"), "--json"});
  EXPECT_TRUE(has(answer.out, "\"value\": [\"yes\", \"0\"]")) << answer.out;
}

TEST(SchemaProgram, WhatIsUnknownIsSaid) {
  const TemporaryFolder folder;
  std::string text = "flag,x,y\n";
  for (int i = 0; i < 60; ++i) text += cat(i % 2 ? "on" : "off", ",", i, ",", i % 2 ? i : -i, "\n");
  const std::string data = folder.write("d.csv", text), out = folder.str("run");
  ASSERT_EQ(run({"train", data, "--target", "y", "--epochs", "5", "--out", out}).exit_code, 0);
  const std::string fresh = folder.write("n.csv", "flag,x,y\n1,5,5\n0,6,-6\n1,7,7\n");
  for (const char* command : {"eval", "predict"}) {
    const Outcome o = run({command, out + "/model.safetensors", fresh});
    EXPECT_EQ(o.exit_code, 0);
    EXPECT_TRUE(has(o.out, "'flag': 3 of 3 cells hold categories that were not in training"))
        << o.out;
  }
}

TEST(SchemaProgram, PredictGoesOnAfterWhatCannotBeRead) {
  const TemporaryFolder folder;
  std::string text = "x,y\n";
  for (int i = 0; i < 60; ++i) text += cat(i, ",", i * 1000.5, "\n");
  const std::string data = folder.write("d.csv", text), out = folder.str("run");
  ASSERT_EQ(
      run({"train", data, "--target", "y", "--model", "linear 1", "--epochs", "300", "--out", out})
          .exit_code,
      0);
  const std::string model = out + "/model.safetensors";
  const std::string good = folder.write("a.csv", "x\n23\n"),
                    row = folder.write("b.csv", "x\n1\nmuch\n2\n"),
                    bad = folder.write("c.csv", "z\n1\n");
  const Outcome o = run({"predict", model, bad, good, row});
  EXPECT_EQ(o.exit_code, 3);
  EXPECT_TRUE(has(o.err, "no column is called 'x'")) << o.err;
  EXPECT_TRUE(has(o.err, "line 3, column 'x': 'much' is not a number")) << o.err;
  EXPECT_TRUE(has(o.out, "23,0")) << o.out;  // in normal notation
  EXPECT_TRUE(has(o.out, "row 3")) << o.out;
  const std::string answers = folder.str("answers.csv");
  EXPECT_EQ(run({"predict", model, row, "--out", answers}).exit_code, 3);
  const std::string written = read_file(answers);
  EXPECT_TRUE(has(written, "row,y\n1,") && has(written, "\n2,\n3,")) << written;
}

TEST(SchemaProgram, AnswersAsATableWithProbabilities) {
  const TemporaryFolder folder;
  std::string text = "x,kind\n";
  for (int i = 0; i < 60; ++i) text += cat(i, ",", i < 30 ? "low" : "high, very", "\n");
  std::string quoted;
  for (const char c : text) quoted += c;
  std::size_t at = 0;
  while ((at = quoted.find("high, very", at)) != std::string::npos)
    quoted.replace(at, 10, "\"high, very\""), at += 12;
  const std::string data = folder.write("d.csv", quoted), out = folder.str("run");
  ASSERT_EQ(run({"train", data, "--target", "kind", "--epochs", "100", "--class-weight", "balanced",
                 "--out", out})
                .exit_code,
            0);
  const std::string answers = folder.str("answers.csv");
  const Outcome o = run({"predict", out + "/model.safetensors", folder.write("n.csv", "x\n2\n55\n"),
                         "--out", answers, "--proba"});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  const std::string written = read_file(answers);
  EXPECT_TRUE(has(written, "row,kind,\"p(high, very)\",p(low)\n1,low,")) << written;
  EXPECT_TRUE(has(written, "\n2,\"high, very\",0.9")) << written;
  const Outcome without = run({"eval", out + "/model.safetensors", folder.str("n.csv")});
  EXPECT_EQ(without.exit_code, 3);
  EXPECT_TRUE(has(without.err, "there is no column 'kind', which the model predicts"))
      << without.err;
}

TEST(SchemaProgram, ThresholdsAndMetrics) {
  const TemporaryFolder folder;
  std::string text = "x,w,y\n";
  for (int i = 0; i < 300; ++i)
    text += cat(i * 37 % 100, ",", 1 + i % 3, ",", i * 37 % 100 > 70 + i % 20 ? "yes" : "no", "\n");
  const std::string data = folder.write("d.csv", text), out = folder.str("run");
  const Outcome trained =
      run({"train", data, "--target", "y", "--weight-column", "w", "--validation", "0.2",
           "--threshold", "auto", "--epochs", "30", "--out", out});
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_TRUE(has(trained.out, "finds most of both classes among 60 validation rows"))
      << trained.out;
  const std::string model = out + "/model.safetensors";
  const Outcome e = run({"eval", model, data, "--json"});
  EXPECT_GT(e.number("auc"), 0.95);
  EXPECT_GT(e.number("balanced_accuracy"), 0.85);
  EXPECT_GT(e.number("matthews"), 0.6);
  EXPECT_GT(e.number("average_precision"), 0.8);
  EXPECT_LT(e.number("log_loss"), 0.4);
  EXPECT_NE(e.number("threshold"), 0.5);
  const Outcome high = run({"train", data, "--target", "y", "--ignore", "w", "--threshold", "0.99",
                            "--epochs", "2", "--out", folder.str("high")});
  const Outcome none = run({"eval", folder.str("high") + "/model.safetensors", data, "--json"});
  EXPECT_EQ(none.number("balanced_accuracy"), 0.5) << none.out;  // nothing is that sure
  EXPECT_EQ(run({"train", data, "--target", "y", "--threshold", "auto"}).exit_code, 2);
}

/// 400 rows of 9 pixels; the class is whether the first is brighter than the last.
struct Pixels {
  std::vector<std::int64_t> x, y;
  Pixels() {
    for (int i = 0; i < 400; ++i) {
      for (int k = 0; k < 9; ++k) x.push_back((i * 37 + k * 101 + i * k * 13) % 256);
      y.push_back(x[x.size() - 9] > x.back() ? 1 : 0);
    }
  }
  template <class T>
  std::string write(const TemporaryFolder& folder, const std::string& name,
                    double scale = 1) const {
    std::vector<T> values;
    for (const std::int64_t v : x) values.push_back(static_cast<T>(static_cast<double>(v) * scale));
    const Index shape[] = {400, 9};
    data::write_npy(folder / name, std::span<const T>(values), shape);
    return folder.str(name);
  }
};

TEST(SchemaProgram, PixelsMeanTheSameInEveryType) {
  const TemporaryFolder folder;
  const Pixels pixels;
  const std::string whole = pixels.write<std::int64_t>(folder, "i.npy"),
                    real = pixels.write<float>(folder, "f.npy"),
                    parts = pixels.write<double>(folder, "p.npy", 1.0 / 255),
                    strange = pixels.write<float>(folder, "s.npy", 3);
  const Index one[] = {400};
  std::vector<std::uint8_t> small(pixels.x.begin(), pixels.x.end());
  std::string file = "\x93NUMPY\x01";
  const std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (400, 9), }";
  file += std::string(1, '\0') + static_cast<char>(118) + std::string(1, '\0') + header;
  file += std::string(118 - header.size() - 1, ' ') + "\n";
  file.append(small.begin(), small.end());
  const std::string bytes = folder.write("u.npy", file);
  data::write_npy(folder / "y.npy", std::span<const std::int64_t>(pixels.y), one);
  const std::string labels = folder.str("y.npy");
  for (const std::string& trained : {bytes, whole}) {
    const std::string out = folder.str("run"), model = out + "/model.safetensors";
    ASSERT_EQ(run({"train", trained, "--labels", labels, "--hidden", "8", "--lr", "0.01",
                   "--epochs", "20", "--out", out, "--overwrite"})
                  .exit_code,
              0);
    const double accuracy =
        run({"eval", model, trained, "--labels", labels, "--json"}).number("accuracy");
    EXPECT_GT(accuracy, 0.8);
    for (const std::string& other : {bytes, whole, real}) {
      const Outcome o = run({"eval", model, other, "--labels", labels, "--json"});
      EXPECT_EQ(o.number("accuracy"), accuracy) << trained << " " << other << o.err;
      EXPECT_EQ(run({"predict", model, other, "--json"}).number("predictions"), 400);
    }
    if (trained != bytes) continue;
    const Outcome o = run({"eval", model, parts, "--labels", labels});
    EXPECT_TRUE(has(o.out, "values from 0 to 1 are taken as the bytes")) << o.out;
    const Outcome refused = run({"eval", model, strange, "--labels", labels});
    EXPECT_EQ(refused.exit_code, 3);
    EXPECT_TRUE(has(refused.err, "trained on bytes from 0 to 255")) << refused.err;
    EXPECT_TRUE(has(run({"inspect", model}).out, "0 to 255")) << run({"inspect", model}).out;
  }
}

TEST(SchemaProgram, ArraysObeyTheFlags) {
  const TemporaryFolder folder;
  const Pixels pixels;
  const std::string x = pixels.write<float>(folder, "x.npy");
  std::vector<float> one_hot;
  for (const std::int64_t y : pixels.y) one_hot.push_back(y == 0), one_hot.push_back(y == 1);
  const Index two[] = {400, 2};
  data::write_npy(folder / "h.npy", std::span<const float>(one_hot), two);
  const std::string labels = folder.str("h.npy");
  const auto train = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"train", x,       "--labels",        labels,       "--epochs",
                                      "2",     "--out", folder.str("run"), "--overwrite"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  const Outcome classes = train({});
  EXPECT_TRUE(has(classes.out, "2 classes") && has(classes.out, "taken as classes 0 to 1"))
      << classes.out;
  const Outcome numbers = train({"--task", "regression", "--scaling", "standardise"});
  EXPECT_TRUE(has(numbers.out, "2 targets")) << numbers.out;
  const std::string model = folder.str("run") + "/model.safetensors";
  EXPECT_TRUE(has(run({"inspect", model}).out, "(x −")) << run({"inspect", model}).out;
  EXPECT_EQ(run({"eval", model, x, "--labels", labels, "--json"}).text("task"), "regression");
}

}  // namespace
}  // namespace chainrule::testing
