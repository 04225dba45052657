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
  const Outcome o = run(words("four.npz"));
  EXPECT_EQ(o.exit_code, 1) << o.err;
  EXPECT_EQ(o.text("equal"), "false");
  EXPECT_EQ(o.text("first"), "loss");
  EXPECT_EQ(o.text("cause"), "summed instead of averaged");
  EXPECT_NE(o.err.find("differs first here"), std::string::npos) << o.err;
  EXPECT_NE(o.err.find("divide by the number of rows"), std::string::npos) << o.err;
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
  EXPECT_NE(o.err.find("--y"), std::string::npos) << o.err;
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
