// chainrule compare as a user of numpy runs it.
#include <cstdlib>
#include <gtest/gtest.h>

#include "chainrule/data/npy.h"
#include "chainrule/data/npz.h"
#include "chainrule/graph/tape.h"
#include "chainrule/model/model.h"
#include "tests/cli/program.h"

namespace chainrule::testing {
namespace {

/// A model of 3 inputs, a batch of 4 rows, and its gradients, written to a folder.
class CompareProgram : public ::testing::Test {
 protected:
  CompareProgram() : model_("linear 4, relu, linear 3", Shape{3}, {.seed = 5}) {
    model_.save(folder_ / "m.safetensors");
    const std::vector<float> x = {1, -2, 0.5, 0, 1, 3, -1, 2, 1, 0.5, 0.5, -3};
    const std::vector<std::int64_t> y = {0, 2, 1, 0};
    const std::vector<Index> rows = {4, 3}, row = {4};
    data::write_npy<float>(folder_ / "x.npy", x, rows);
    data::write_npy<std::int64_t>(folder_ / "y.npy", y, row);
    Tape<float> tape(model_.params(), {.rows = 4});
    tape.set(model_.input(), std::span<const float>(x));
    tape.set(model_.target(), {0, 2, 1, 0});
    tape.set(model_.weight(), {1, 1, 1, 1});
    tape.forward({.training = true});
    tape.backward(model_.loss());
    write(tape, 1);
    write_as_ = "four.npz";
    write(tape, 4);
    write_as_ = "sign.npz";
    write(tape, -1);
  }

  void write(const Tape<float>& tape, float factor) {
    std::vector<data::NpzEntry> entries;
    for (const char* name : {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"}) {
      const Var v = model_.graph().find(name);
      const View<const float> g = tape.grad(v);
      std::vector<Index> shape(v.shape().dims().begin(), v.shape().dims().end());
      std::vector<float> values;
      if (shape.size() == 2) {
        for (Index j = 0; j < shape[1]; ++j)
          for (Index i = 0; i < shape[0]; ++i) values.push_back(factor * g[i * shape[1] + j]);
        std::swap(shape[0], shape[1]);
      } else {
        for (const float d : g) values.push_back(factor * d);
      }
      entries.push_back({name, data::format_npy<float>(values, shape)});
    }
    data::write_npz(folder_ / write_as_, entries);
  }

  data::NpyArray array_of(const char* file, const std::string& name) const {
    for (data::NpzArray& a : data::read_npz(folder_ / file))
      if (a.name == name) return a.array;
    return {};
  }
  std::vector<std::string> words(const std::string& gradients) const {
    return {"compare", folder_.str("m.safetensors"), "--x",    folder_.str("x.npy"),
            "--y",     folder_.str("y.npy"),         "--loss", "softmax_cross_entropy",
            "--grads", folder_.str(gradients),       "--json"};
  }

  TemporaryFolder folder_;
  Model model_;
  std::string write_as_ = "right.npz";
};

TEST_F(CompareProgram, EqualGradients) {
  const Outcome o = run(words("right.npz"));
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(o.text("equal"), "true");
  EXPECT_EQ(o.text("cause"), "rounding of float");
  EXPECT_EQ(o.number("evidence"), 4);
  EXPECT_NE(o.err.find("All gradients are equal"), std::string::npos) << o.err;
}

TEST_F(CompareProgram, NamesPlaceAndCause) {
  const Outcome o = run(words("sign.npz"));
  EXPECT_EQ(o.exit_code, 1) << o.err;
  EXPECT_EQ(o.text("equal"), "false");
  EXPECT_EQ(o.text("first"), "loss");
  EXPECT_EQ(o.text("cause"), "sign");
  EXPECT_NE(o.err.find("differs first here"), std::string::npos) << o.err;
  EXPECT_NE(o.err.find("opposite sign"), std::string::npos) << o.err;
}

TEST_F(CompareProgram, ASumIsAConventionUnlessAMeanWasPromised) {
  std::vector<std::string> flags = words("four.npz");
  Outcome o = run(flags);
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_NE(o.err.find("summed over the 4 rows"), std::string::npos) << o.err;
  EXPECT_NE(o.last_line().find("\"conventions\": [\"the loss is summed"), std::string::npos);
  flags.insert(flags.end(), {"--reduction", "mean"});
  o = run(flags);
  EXPECT_EQ(o.exit_code, 1);
  EXPECT_EQ(o.text("cause"), "summed instead of averaged");
  flags.back() = "median";
  EXPECT_EQ(run(flags).exit_code, 2);
}

/// A network by its text, with weights and gradients as a notebook has them: [I, O], samples as
/// columns, classes one-hot, a bias that is a column.
TEST_F(CompareProgram, WeightsAndGradientsOfANotebook) {
  const auto turned = [&](const char* name, const char* as, bool gradient) {
    const Var v = model_.graph().find(name);
    std::vector<float> values(model_.params()[v].begin(), model_.params()[v].end());
    if (gradient) {
      const data::NpyArray a = array_of("right.npz", name);
      const std::vector<float> file = a.as<float>();
      for (Index i = 0; i < a.shape[0]; ++i)
        for (Index j = 0; a.shape.size() == 2 && j < a.shape[1]; ++j)
          values[static_cast<std::size_t>(j * a.shape[0] + i)] =
              file[static_cast<std::size_t>(i * a.shape[1] + j)];
      if (a.shape.size() == 1) values = file;
    }
    std::vector<Index> shape(v.shape().dims().begin(), v.shape().dims().end());
    if (shape.size() == 1) shape.push_back(1);
    return data::NpzEntry{as, data::format_npy<float>(values, shape)};
  };
  for (const bool gradient : {false, true}) {
    const std::vector<data::NpzEntry> entries = {
        turned("fc1.weight", "W1", gradient), turned("fc1.bias", "b1", gradient),
        turned("fc2.weight", "W2", gradient), turned("fc2.bias", "b2", gradient)};
    data::write_npz(folder_ / (gradient ? "g.npz" : "w.npz"), entries);
  }
  const std::vector<float> x = {1, 0, -1, 0.5, -2, 1, 2, 0.5, 0.5, 3, 1, -3};
  const std::vector<Index> columns = {3, 4};
  data::write_npy<float>(folder_ / "x.npy", x, columns);
  const std::vector<float> y = {1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0};
  data::write_npy<float>(folder_ / "y.npy", y, columns);
  const Outcome o = run({"compare", "--model", "linear 4, relu, linear 3", "--weights",
                         folder_.str("w.npz"), "--x", folder_.str("x.npy"), "--y",
                         folder_.str("y.npy"), "--grads", folder_.str("g.npz"), "--json"});
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_EQ(o.text("equal"), "true");
  for (const char* said : {"the loss is softmax_cross_entropy", "samples of x are columns",
                           "one-hot", "W1 = fc1.weight", "[inputs, outputs]", "columns"})
    EXPECT_NE(o.err.find(said), std::string::npos) << said << "\n" << o.err;
}

TEST_F(CompareProgram, MissingAndUnknownArraysAreNamed) {
  const std::vector<float> two = {1, 2};
  const std::vector<Index> shape = {2};
  const data::NpyArray bias = array_of("right.npz", "fc2.bias");
  data::write_npz(folder_ / "some.npz",
                  std::vector<data::NpzEntry>{
                      {"fc2.bias", data::format_npy<float>(bias.as<float>(), bias.shape)},
                      {"Zcache", data::format_npy<float>(two, shape)}});
  const Outcome o = run(words("some.npz"));
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_NE(o.last_line().find("\"not_given\": [\"fc2.weight\", \"fc1.bias\", \"fc1.weight\"]"),
            std::string::npos)
      << o.last_line();
  EXPECT_NE(o.last_line().find("\"unknown\": [\"Zcache (2,)\"]"), std::string::npos);
}

TEST_F(CompareProgram, AFormulaInsteadOfAModel) {
  const auto file = [&](const char* name, std::vector<float> w) {
    const std::vector<Index> shape = {2, 1};
    data::write_npz(folder_ / name,
                    std::vector<data::NpzEntry>{{"dw", data::format_npy<float>(w, shape)}});
  };
  // x w - t = (1 * 1 + 2 * 2) - 1 = 4 and (3 + 8) - 2 = 9; dw = x^T 2 (x w - t) / 2
  file("w.npz", {31, 44}), file("wrong.npz", {62, 88});
  std::vector<std::string> flags = {"compare",
                                    "mean((x @ w - t)^2)",
                                    "x=[[1, 2], [3, 4]]",
                                    "w=[[1], [2]]",
                                    "t=[[1], [2]]",
                                    "--grads",
                                    folder_.str("w.npz"),
                                    "--json"};
  Outcome o = run(flags);
  EXPECT_EQ(o.exit_code, 0) << o.err;
  flags[6] = folder_.str("wrong.npz");
  o = run(flags);
  EXPECT_EQ(o.exit_code, 1) << o.err;
  EXPECT_EQ(o.text("cause"), "factor 2");
}

TEST_F(CompareProgram, OneHotTargetsAreClasses) {
  const std::vector<float> y = {1, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0};
  const std::vector<Index> shape = {4, 3};
  data::write_npy<float>(folder_ / "y.npy", y, shape);
  EXPECT_EQ(run(words("right.npz")).text("equal"), "true");
}

TEST_F(CompareProgram, BadInput) {
  Outcome o = run({"compare", folder_.str("m.safetensors"), "--x", folder_.str("x.npy")});
  EXPECT_EQ(o.exit_code, 2);
  EXPECT_NE(o.err.find("--grads"), std::string::npos) << o.err;
  o = run(words("x.npy"));
  EXPECT_EQ(o.exit_code, 3);
  EXPECT_NE(o.err.find("not a npz file"), std::string::npos) << o.err;
}

TEST(CompareNumpy, TwentyCorrectSetsAreEqual) {
  if (std::system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") != 0)
    GTEST_SKIP() << "numpy is not installed for /usr/bin/python3 (Debian: python3-numpy)";
  TemporaryFolder folder;
  const auto make = [&](const char* name, const char* text, const char* loss, Index features) {
    Model(text, Shape{features}, {.loss = loss, .seed = 7}).save(folder / name);
  };
  make("a.safetensors", "linear 50, relu, linear 10", "softmax_cross_entropy", 784);
  make("b.safetensors", "linear 16, tanh, linear 8, sigmoid, linear 3", "softmax_cross_entropy", 5);
  make("c.safetensors", "linear 32, relu, linear 32, relu, linear 1", "squared_error", 12);
  make("d.safetensors", "linear 2", "softmax_cross_entropy", 2);
  const std::string script = CHAINRULE_SOURCE_DIR "/tests/cli/numpy_gradients.py";
  ASSERT_EQ(std::system(("/usr/bin/python3 " + script + " " + folder.str("")).c_str()), 0);
  int equal = 0;
  for (const char* name : {"a", "b", "c", "d"})
    for (int i = 0; i < 5; ++i) {
      const std::string stem = folder.str(name + std::string("-") + std::to_string(i));
      const Outcome o =
          run({"compare", folder.str(name + std::string(".safetensors")), "--x", stem + ".x.npy",
               "--y", stem + ".y.npy", "--grads", stem + ".npz", "--json"});
      EXPECT_EQ(o.text("equal"), "true") << stem << o.err;
      equal += o.exit_code == 0;
    }
  EXPECT_EQ(equal, 20);
}

}  // namespace
}  // namespace chainrule::testing
