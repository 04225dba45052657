// Models that leave for other programs and come back: export, import, train --from, --tensorboard.
#include <filesystem>
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

namespace fs = std::filesystem;

class Interchange : public ::testing::Test {
 protected:
  void SetUp() override {
    const Outcome o = run({"train", "spiral", "--model", "linear 8, gelu, dropout 0.1, linear 3",
                           "--epochs", "1", "--quiet", "--out", folder_.str("run")});
    ASSERT_EQ(o.exit_code, 0) << o.err;
    const Outcome exported =
        run({"export", model(), "--to", "onnx", "-o", folder_.str("m.onnx"), "--json"});
    if (exported.err.find("protozero") != std::string::npos) GTEST_SKIP() << exported.err;
    ASSERT_EQ(exported.exit_code, 0) << exported.err;
    EXPECT_EQ(exported.text("input"), "x");
    EXPECT_EQ(exported.text("output"), "label");
    EXPECT_EQ(exported.number("opset"), 17);
  }
  std::string model() const { return folder_.str("run/model.safetensors"); }
  static void expect_refused(const std::vector<std::string>& words, int code,
                             const std::string& sentence) {
    const Outcome o = run(words);
    EXPECT_EQ(o.exit_code, code) << o.err;
    EXPECT_NE(o.err.find(sentence), std::string::npos) << o.err;
  }

  TemporaryFolder folder_;
};

TEST_F(Interchange, AModelComesBackAsItWent) {
  const Outcome o =
      run({"import", folder_.str("m.onnx"), "-o", folder_.str("back.safetensors"), "--json"});
  ASSERT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(o.text("text"), "linear 8, gelu, dropout 0.1, linear 3");
  // It knows no recipe, but everything that goes to other programs.
  ASSERT_EQ(run({"export", folder_.str("back.safetensors"), "--to", "onnx", "-o",
                 folder_.str("again.onnx")})
                .exit_code,
            0);
  EXPECT_EQ(read_file(folder_.str("again.onnx")), read_file(folder_.str("m.onnx")));
}

TEST_F(Interchange, AnImportedModelTrainsOn) {
  const std::string in = folder_.str("m.onnx"), out = folder_.str("m.safetensors");
  ASSERT_EQ(run({"import", in, "-o", out, "--classes", "0,1,2"}).exit_code, 0);
  const double before = run({"eval", out, "spiral", "--json"}).number("loss");
  const Outcome o = run({"train", "spiral", "--from", out, "--epochs", "20", "--json", "--out",
                         folder_.str("on"), "--tensorboard", folder_.str("logs")});
  ASSERT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(o.text("text"), "linear 8, gelu, dropout 0.1, linear 3");
  EXPECT_LT(o.number("test_loss"), before);
  int files = 0;
  for (const auto& file : fs::directory_iterator(folder_.str("logs")))
    files += file.path().filename().string().find("events.out.tfevents.") == 0 ? 1 : 0;
  EXPECT_EQ(files, 1);

  // Other classes than the model's are not what it is to learn, by whatever number they go.
  ASSERT_EQ(run({"import", in, "-o", out, "--classes", "a,b,c"}).exit_code, 0);
  for (const char* command : {"train", "eval"}) {
    const Outcome other = command[0] == 't'
                              ? run({"train", "spiral", "--from", out, "--out", folder_.str("no")})
                              : run({"eval", out, "spiral"});
    EXPECT_EQ(other.exit_code, 3);
    EXPECT_NE(other.err.find("the model's classes are 'a', 'b', 'c'"), std::string::npos)
        << other.err;
  }
}

TEST_F(Interchange, TensorsNeedAModel) {
  expect_refused({"import", folder_.write("x.bin", "neither"), "-o", "y"}, 3,
                 "is neither an ONNX nor a safetensors file");
  expect_refused(
      {"import", folder_.write("w.h5", "\x89HDF\r\n\x1a\n" + std::string(99, 'x')), "-o", "y"}, 3,
      "is an HDF5 file");
  expect_refused({"import", model(), "--model", "linear 9, gelu, linear 3", "-o", folder_.str("y")},
                 3, "'fc1.weight' with shape [8, 2], the model expects [9, 2]");
  const Outcome o = run({"import", model(), "--model", "linear 8, relu, linear 3", "--json", "-o",
                         folder_.str("y.safetensors")});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(o.text("loss"), "softmax_cross_entropy");
}

TEST_F(Interchange, WrongFlagsAreNamed) {
  expect_refused({"export", model(), "--to", "onx"}, 2, "did you mean 'onnx'");
  expect_refused({"export", model()}, 2, "--to is missing");
  expect_refused({"import", folder_.str("m.onnx")}, 2, "-o FILE is missing");
  expect_refused({"import", folder_.str("m.onnx"), "-o", folder_.str("m.onnx")}, 2, "that is read");
  expect_refused({"import", folder_.str("m.onnx"), "-o", folder_.str("y"), "--loss", "huger"}, 2,
                 "did you mean 'huber'");
  expect_refused({"import", folder_.str("m.onnx"), "-o", folder_.str("y"), "--classes", "a,b"}, 2,
                 "--classes names 2");
  expect_refused({"train", "xor", "--from", model(), "--model", "linear 2"}, 2,
                 "--from and --model exclude each other");
  folder_.write("bad.onnx", "this is no ONNX file");
  expect_refused({"import", folder_.str("bad.onnx"), "-o", folder_.str("y")}, 3, "no ONNX file");
}

}  // namespace
}  // namespace chainrule::testing
