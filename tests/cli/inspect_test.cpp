// chainrule inspect: every kind of file by its content, and files that lie about themselves.
#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>

#include "chainrule/data/npy.h"
#include "chainrule/data/npz.h"
#include "chainrule/io/safetensors.h"
#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

namespace fs = std::filesystem;

/// Inspects under another name, so that nothing can be told by the ending.
Outcome inspected(const fs::path& file, const std::vector<std::string>& flags = {}) {
  const TemporaryFolder folder;
  fs::copy(file, folder / "file", fs::copy_options::recursive);
  std::vector<std::string> words = {"inspect", folder.str("file")};
  words.insert(words.end(), flags.begin(), flags.end());
  return run(words);
}

void expect_shown(const Outcome& o, const std::vector<std::string>& texts) {
  EXPECT_EQ(o.exit_code, 0) << o.err;
  for (const std::string& text : texts)
    EXPECT_NE(o.out.find(text), std::string::npos) << text << "\nin\n" << o.out;
}

void expect_not_inspected(const std::string& content, const std::string& sentence) {
  const TemporaryFolder folder;
  const Outcome o = run({"inspect", folder.write("file", content)});
  EXPECT_EQ(o.exit_code, 3);
  EXPECT_EQ(o.out, "");
  EXPECT_NE(o.err.find(sentence), std::string::npos) << o.err;
  EXPECT_EQ(std::ranges::count(o.err, '\n'), 1) << o.err;
}

/// One screen: 100 columns, 40 lines.
void expect_one_screen(const Outcome& o) {
  EXPECT_LE(std::ranges::count(o.out, '\n'), 40) << o.out;
  int columns = 0;
  for (const char c : o.out) {
    columns = c == '\n' ? 0 : columns + ((c & 0xc0) == 0x80 ? 0 : 1);
    EXPECT_LE(columns, 100) << o.out;
    if (columns > 100) return;
  }
}

class InspectRun : public ::testing::Test {
 protected:
  void SetUp() override {
    const Outcome o =
        run({"train", "spiral", "--model", "linear 8, tanh, linear 3", "--epochs", "3", "--quiet",
             "--validation", "0.2", "--checkpoint-every", "5", "--out", folder_.str("run")});
    ASSERT_EQ(o.exit_code, 0) << o.err;
  }
  fs::path model() const { return folder_ / "run/model.safetensors"; }

  TemporaryFolder folder_;
};

TEST_F(InspectRun, AModel) {
  const Outcome o = inspected(model());
  expect_shown(o, {"a model", "linear 8, tanh, linear 3", "2 columns as 2 inputs", "3: 0, 1, 2",
                   "softmax_cross_entropy", "test accuracy", "51 numbers in 4 tensors, all finite",
                   "fc1.weight", "8 × 2", "F32"});
  expect_one_screen(o);
  const Outcome json = inspected(model(), {"--json"});
  EXPECT_EQ(json.text("kind"), "model");
  EXPECT_EQ(json.text("model"), "linear 8, tanh, linear 3");
  EXPECT_EQ(json.number("tensors"), 4);
  EXPECT_EQ(json.number("parameters"), 51);
  EXPECT_EQ(json.text("problem"), "");
}

TEST_F(InspectRun, TheGraph) {
  const TemporaryFolder folder;
  ASSERT_EQ(run({"train", "moons", "--model",
                 "linear 4, residual(linear 4, leaky_relu 0.3, dropout 0.2), linear 2", "--epochs",
                 "1", "--quiet", "--out", folder.str("m")})
                .exit_code,
            0);
  const fs::path model = folder / "m/model.safetensors";
  expect_shown(inspected(model, {"--graph"}),
               {"fc2          affine  ", "slope=0.3", "rate=0.2", "[B, 4]", "fc1, dropout1"});
  expect_shown(inspected(model, {"--graph", "--json"}),
               {R"("operation": "add", "settings": {}, "inputs": ["fc1")", R"({"slope": 0.3})"});
  expect_shown(run({"inspect", folder.str("m"), "--graph"}), {"slope=0.3"});
  EXPECT_EQ(run({"inspect", folder.str("m/history.csv"), "--graph"}).exit_code, 2);
}

TEST_F(InspectRun, AModelThatIsNotFinite) {
  SafeTensors content = read_safetensors(model());
  const float bad[] = {std::numeric_limits<float>::quiet_NaN(),
                       1,
                       std::numeric_limits<float>::infinity(),
                       3,
                       2,
                       0,
                       0,
                       2};
  for (SafeTensor& t : content.tensors)
    if (t.name == "fc1.bias") t = SafeTensor::make(t.name, {8}, std::span<const float>(bad));
  write_safetensors(folder_ / "bad", content);
  expect_shown(inspected(folder_ / "bad"), {"1 NaN and 1 infinite", "problem", "fc1.bias"});
  const Outcome o = inspected(folder_ / "bad", {"--json"});
  EXPECT_NE(o.text("tensors").find("\"mean\":1.3333333333333333"), std::string::npos)
      << o.text("tensors");
  EXPECT_NE(o.text("problem").find("expected a finite number"), std::string::npos);
}

TEST_F(InspectRun, ACheckpoint) {
  fs::path last;
  for (const auto& entry : fs::directory_iterator(folder_ / "run/checkpoints"))
    if (entry.path().extension() == ".safetensors") last = std::max(last, entry.path());
  const Outcome o = inspected(last);
  expect_shown(o, {"a checkpoint", "ended: finished", "linear 8, tanh, linear 3", "adam",
                   "m and v of 51 numbers each", "best", "dropout from step", "checksum", "spiral",
                   "train loss"});
  expect_one_screen(o);
  const Outcome json = inspected(last, {"--json"});
  EXPECT_EQ(json.text("kind"), "checkpoint");
  EXPECT_EQ(json.number("step"), json.number("steps"));
  EXPECT_EQ(json.number("slots"), 2);
}

TEST_F(InspectRun, TheFolder) {
  const Outcome o = run({"inspect", folder_.str("run")});
  expect_shown(o, {"a run", "history.csv", "checkpoints/", "the last step-", "linear 8, tanh",
                   "train loss", "valid. loss"});
  expect_one_screen(o);
  EXPECT_EQ(run({"inspect", folder_.str("run"), "--json"}).number("epochs"), 3);
}

TEST_F(InspectRun, Onnx) {
  const Outcome made =
      run({"export", model().string(), "--to", "onnx", "-o", folder_.str("m.onnx")});
  if (made.err.find("protozero") != std::string::npos) GTEST_SKIP() << made.err;
  const Outcome o = inspected(folder_ / "m.onnx");
  expect_shown(o, {"an ONNX network", "operator set 17, by chainrule", "x: batch × 2 of FLOAT",
                   "Gemm 2, ArgMax 1", "takes it as linear 8, tanh, linear 3",
                   "54 numbers in 5 initializers"});
  expect_one_screen(o);
  // An operator that no model has, of a name as long as the one it replaces.
  std::string content = read_file(folder_ / "m.onnx");
  content.replace(content.find("\"\x04Tanh"), 6, "\"\x04Sinh");
  folder_.write("sinh", content);
  expect_shown(inspected(folder_ / "sinh"), {"refuses it", "(Sinh)"});
  EXPECT_EQ(inspected(folder_ / "sinh", {"--json"}).text("importable"), "false");
}

TEST(Inspect, ATableModelSaysHowColumnsBecomeInputs) {
  const TemporaryFolder folder;
  std::string csv = "size,colour,price\n";
  for (int i = 0; i < 40; ++i)
    csv += std::to_string(i) + (i % 2 == 0 ? ",red," : ",blue,") + std::to_string(3.5 * i) + "\n";
  const std::string file = folder.write("t.csv", csv);
  ASSERT_EQ(run({"train", file, "--target", "price", "--epochs", "1", "--quiet", "--out",
                 folder.str("run")})
                .exit_code,
            0);
  const Outcome o = inspected(folder / "run/model.safetensors");
  expect_shown(o, {"price = output ×", "2 columns as 3 inputs", "(x −", "one input each for blue"});
  EXPECT_EQ(inspected(folder / "run/model.safetensors", {"--json"}).text("task"), "regression");
}

TEST(Inspect, ForeignTensors) {
  const TemporaryFolder folder;
  SafeTensors content{.metadata = {{"by", "somebody\x1b[31m"}}, .tensors = {}};
  const std::vector<double> values = {1, 2, 3, 6};
  for (int i = 0; i < 30; ++i)
    content.tensors.push_back(
        SafeTensor::make("layer" + std::to_string(i), {2, 2}, std::span<const double>(values)));
  write_safetensors(folder / "x", content);
  const Outcome o = inspected(folder / "x");
  expect_shown(o, {"120 numbers in 30 tensors", "F64", "… and 14 more", "somebody?[31m"});
  EXPECT_EQ(o.out.find("layer29"), std::string::npos);
  expect_one_screen(o);
  expect_shown(inspected(folder / "x", {"--all"}), {"layer29"});
  EXPECT_EQ(inspected(folder / "x", {"--json"}).number("tensors"), 30);
}

TEST(Inspect, DigitsInIdx) {
  const TemporaryFolder folder;
  ASSERT_EQ(run({"data", "make", "digits", "--limit", "60", "--out", folder.str("idx")}).exit_code,
            0);
  int labels = 0, pictures = 0;
  for (const auto& entry : fs::directory_iterator(folder / "idx")) {
    const Outcome o = inspected(entry.path());
    expect_one_screen(o);
    const bool is_labels = o.out.find("IDX, labels") != std::string::npos;
    ++(is_labels ? labels : pictures);
    expect_shown(o, {is_labels ? "share" : "28×28"});
  }
  EXPECT_EQ(labels, 2);
  EXPECT_EQ(pictures, 2);
  const Outcome o = run({"inspect", folder.str("idx"), "--json"});
  EXPECT_EQ(o.text("kind"), "mnist");
  EXPECT_EQ(o.number("train"), 60);
  EXPECT_EQ(o.number("class_counts"), 10);
  expect_one_screen(run({"inspect", folder.str("idx")}));
}

TEST(Inspect, IdxByHandAndInGzip) {
  using namespace std::string_literals;
  const TemporaryFolder folder;
  folder.write("labels", "\0\0\x08\x01\0\0\0\x04\x02\0\x02\x01"s);
  EXPECT_EQ(inspected(folder / "labels", {"--json"}).text("class_counts"), "[1,1,2]");
  folder.write("pictures", "\0\0\x08\x03\0\0\0\x01\0\0\0\x02\0\0\0\x02\0\xff\0\0"s);
  const Outcome o = inspected(folder / "pictures", {"--json"});
  EXPECT_EQ(o.number("pixel_mean"), 63.75);
  EXPECT_EQ(o.number("zeros"), 0.75);
  // gzip: the labels, one stored block.
  folder.write("zipped",
               "\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x0c\0\xf3\xff\0\0\x08\x01\0\0\0\x04\x02\0\x02\x01"
               "\x87\xae\xc1\x65\x0c\0\0\0"s);
  expect_shown(inspected(folder / "zipped"), {"of gzip, 12 unpacked", "4 labels"});
  expect_not_inspected("\0\0\x08\x01\0\0\0\x05\x02\0\x02\x01"s, "the header promises 5");
}

TEST(Inspect, Csv) {
  const TemporaryFolder folder;
  folder.write("t", "a;kind;b\n1;x;\n2;y;NA\n6;x;7\n");
  const Outcome o = inspected(folder / "t");
  expect_shown(o, {"a table   semicolon, header, UTF-8", "3 rows of 3 columns",
                   "2 cells in 1 column", "x 2, y 1"});
  const Outcome json = inspected(folder / "t", {"--json"});
  EXPECT_EQ(json.number("rows"), 3);
  EXPECT_EQ(json.number("missing"), 2);
  EXPECT_NE(json.text("columns").find("\"mean\":3,"), std::string::npos) << json.text("columns");
  EXPECT_NE(json.text("columns").find("\"values\":{\"x\":2,\"y\":1}"), std::string::npos);
}

TEST(Inspect, NumpyArrays) {
  const TemporaryFolder folder;
  const std::vector<float> x = {1, 2, 3, 4, 5, 9};
  const std::vector<std::int64_t> y = {0, 2, 2};
  const std::vector<Index> shape = {3, 2}, rows = {3};
  data::write_npy<float>(folder / "x", x, shape);
  expect_shown(inspected(folder / "x"), {"an array of numpy", "3 × 2", "float32", "9"});
  data::write_npy<std::int64_t>(folder / "y", y, rows);
  EXPECT_EQ(inspected(folder / "y", {"--json"}).text("class_counts"), "[1,0,2]");
  const std::vector<data::NpzEntry> entries = {{"x", data::format_npy<float>(x, shape)},
                                               {"y", data::format_npy<std::int64_t>(y, rows)}};
  data::write_npz(folder / "xy", entries);
  expect_shown(inspected(folder / "xy"), {"2 arrays of numpy", "3 × 2", "int64"});
}

TEST(Inspect, Pictures) {
  const TemporaryFolder folder;
  ASSERT_EQ(run({"data", "show", "digits", "--limit", "100", "--rows", "1", "--cols", "2", "--out",
                 folder.str("p.png")})
                .exit_code,
            0);
  const Outcome o = inspected(folder / "p.png");
  if (o.err.find("reads no PNG") != std::string::npos) GTEST_SKIP() << o.err;
  expect_shown(o, {"a PNG picture", "57×28, 8 bits, grey", "are zero"});
  folder.write("p", "P2\n3 1\n255\n0 255 0\n");
  expect_shown(inspected(folder / "p"), {"a PGM picture", "3×1", "mean 85.0 of 255"});
}

TEST(Inspect, Cifar) {
  const TemporaryFolder folder;
  std::string batch;
  for (const char c : {'\3', '\3', '\11'}) batch += c + std::string(3072, '\xff');
  folder.write("batch", batch);
  expect_shown(inspected(folder / "batch"), {"a batch of CIFAR-10", "3 pictures", "cat", "truck"});
  EXPECT_EQ(inspected(folder / "batch", {"--json"}).text("class_counts"), "[0,0,0,2,0,0,0,0,0,1]");
}

TEST(Inspect, WhatIsOfNoKind) {
  using namespace std::string_literals;
  expect_not_inspected("", "the file is empty");
  expect_not_inspected("\xde\xad\xbe\xef\0\0"s, "of no kind that is known here");
  expect_not_inspected("one line of prose", "no rows");
  expect_not_inspected("PK\x03\x04 archive/data.pkl", "a file of PyTorch (.pt)");
  expect_not_inspected("\x93NUMPY\x09", "npy");
  expect_not_inspected("\x08\x07\x12\x7f short"s, "ONNX file");
  expect_not_inspected("\x20\0\0\0\0\0\0\0{}"s, "claims a header");
  const Outcome none = run({"inspect", "/nonexistent/file"});
  EXPECT_EQ(none.exit_code, 3);
  EXPECT_NE(none.err.find("cannot be read"), std::string::npos) << none.err;
  const TemporaryFolder folder;
  EXPECT_EQ(run({"inspect", folder.str("")}).exit_code, 3);
  EXPECT_EQ(run({"inspect"}).exit_code, 2);
}

TEST_F(InspectRun, ADamagedCheckpointLeavesNothingHalfSaid) {
  fs::path last;
  for (const auto& entry : fs::directory_iterator(folder_ / "run/checkpoints"))
    if (entry.path().extension() == ".safetensors") last = std::max(last, entry.path());
  std::string content = read_file(last);
  content[content.size() - 3] ^= 1;
  expect_not_inspected(content, "checksum is wrong");
}

}  // namespace
}  // namespace chainrule::testing
