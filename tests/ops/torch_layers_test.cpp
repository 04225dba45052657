// The networks of examples/recurrent.cpp and examples/attention.cpp against PyTorch's layers.
#include <fstream>
#include <functional>
#include <map>

#include "tests/check.h"
#include "tests/io/outside.h"

#define main recurrent_example
#include "examples/recurrent.cpp"
#undef main
#define main attention_example
#include "examples/attention.cpp"
#undef main

namespace chainrule::testing {
namespace {

using Arrays = std::map<std::string, std::vector<double>>;

class TorchLayers : public ::testing::Test {
 protected:
  /// The script runs once for both tests.
  static void SetUpTestSuite() {
    const TestFolder folder;
    script_ = run_python("../ops/torch_layers.py", folder / "layers.txt");
    std::ifstream in(folder / "layers.txt");
    for (Arrays* layer : {&rnn_, &attention_}) {
      std::size_t count = 0;
      in >> count;
      for (; count > 0; --count) {
        std::string name;
        std::size_t size = 0;
        in >> name >> size;
        std::vector<double>& values = (*layer)[name];
        values.resize(size);
        for (double& v : values) in >> v;
      }
    }
  }
  void SetUp() override {
    if (script_.code == 77) GTEST_SKIP() << script_.out;
    ASSERT_EQ(script_.code, 0) << script_.out;
  }

  /// `build` records the layer for an input of `shape`; its weights, output and all gradients are
  /// PyTorch's.
  static void compare(const Arrays& torch, const Shape& shape,
                      const std::function<Var(Var)>& build) {
    Graph g;
    const Var x = g.input("x", shape), y = build(x);
    Params<double> params(g);
    Tape<double> tape(params, {.rows = static_cast<Index>(torch.at("x").size()) / shape.size()});
    tape.set(x, std::span<const double>(torch.at("x")));
    for (const int id : g.params()) {
      const std::vector<double>& values = torch.at(g.node(id).name);
      ASSERT_EQ(params[g.var(id)].size(), static_cast<Index>(values.size()));
      std::copy(values.begin(), values.end(), params[g.var(id)].begin());
    }
    tape.forward();
    tape.backward(y, torch.at("dy"));
    const auto near = [&](View<const double> got, const std::string& name) {
      SCOPED_TRACE(name);
      expect_near({got.begin(), got.end()}, torch.at(name), 1e-12);
    };
    near(tape.value(y), "y");
    near(tape.grad(x), "dx");
    for (const int id : g.params()) near(tape.grad(g.var(id)), "d" + g.node(id).name);
    EXPECT_EQ(torch.size(), 4 + 2 * g.params().size());
  }

  static inline Arrays rnn_, attention_;
  static inline OutsideResult script_{};
};

TEST_F(TorchLayers, Recurrent) {
  compare(rnn_, {7, 3}, [](Var x) { return recurrent(x, 5); });
}

TEST_F(TorchLayers, AttentionInSeveralHeads) {
  compare(attention_, {6, 12}, [](Var x) { return attention(x, 3); });
}

TEST(ExampleNetworks, Gradient) {
  check([](Var x) { return recurrent(x, 3); }, {{2, 4, 2}});
  check([](Var x) { return attention(x, 2); }, {{2, 3, 4}});
}

}  // namespace
}  // namespace chainrule::testing
