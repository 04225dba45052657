// Operations on axes against numpy (values) and PyTorch (gradients) on 500 random shapes.
#include <cmath>
#include <fstream>
#include <map>

#include "chainrule/graph/registry.h"
#include "tests/check.h"
#include "tests/io/outside.h"

namespace chainrule::testing {
namespace {

/// One case of the script's file.
class NumpyCase {
 public:
  NumpyCase(std::istream& in, Index batch) : batch_(batch) {
    in >> name;
    for (std::size_t n = number<std::size_t>(in); n > 0; --n) settings.push_back(setting(in));
    inputs.resize(number<std::size_t>(in));
    for (Argument& i : inputs) i = argument(in);
    dims = list<Index>(in);
    value = list<double>(in);
    upstream = numbers(in, value.size());
    for (Argument& i : inputs)
      if (i.classes == 0) i.gradient = numbers(in, i.values.size());
  }

  struct Argument {
    Index classes = 0;
    bool rows = false;
    Shape shape;
    std::vector<double> values, gradient;
  };
  std::string name;
  SettingList settings;
  std::vector<Argument> inputs;
  std::vector<Index> dims;  ///< of the result, with the batch
  std::vector<double> value, upstream;

  /// Computes it. Returns the greatest difference of a value or gradient.
  double run() const {
    Graph g;
    std::vector<Var> vars;
    for (const Argument& i : inputs) vars.push_back(leaf(g, i));
    const Var y = make_op(name, vars, settings);
    std::vector<Index> own(y.shape().dims().begin(), y.shape().dims().end());
    if (y.shape().batched()) own.insert(own.begin(), batch_);
    EXPECT_EQ(own, dims);
    Params<double> params(g);
    Tape<double> tape(params, {.rows = batch_});
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const Argument& i = inputs[k];
      if (i.classes > 0)
        tape.set(vars[k], std::span<const std::int32_t>(
                              std::vector<std::int32_t>(i.values.begin(), i.values.end())));
      else if (i.rows)
        tape.set(vars[k], std::span<const double>(i.values));
    }
    tape.forward();
    tape.backward(y, upstream);
    double worst = difference(tape.value(y), value);
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (inputs[k].classes == 0)
        worst = std::max(worst, difference(tape.grad(vars[k]), inputs[k].gradient));
    return worst;
  }

 private:
  template <class N>
  static N number(std::istream& in) {
    N n{};
    in >> n;
    return n;
  }
  static std::vector<double> numbers(std::istream& in, std::size_t count) {
    std::vector<double> all(count);
    for (double& v : all) in >> v;
    return all;
  }
  template <class N>
  static std::vector<N> list(std::istream& in) {
    std::vector<N> all(number<std::size_t>(in));
    for (N& v : all) in >> v;
    return all;
  }
  static Setting setting(std::istream& in) {
    std::string key, kind;
    in >> key >> kind;
    if (kind == "switch") return {key, number<int>(in) != 0};
    if (kind == "index") return {key, number<Index>(in)};
    if (kind == "number") return {key, number<double>(in)};
    return {key, list<Index>(in)};
  }
  static Argument argument(std::istream& in) {
    std::string kind;
    in >> kind;
    Argument a{.rows = kind == "rows"};
    if (kind != "rows" && kind != "param") a.classes = std::stoll(kind);
    const std::vector<Index> dims = list<Index>(in);
    a.shape = Shape(dims);
    a.values = list<double>(in);
    return a;
  }
  static Var leaf(Graph& g, const Argument& i) {
    const std::string name = cat("x", g.size());
    if (i.classes > 0) return g.class_input(name, i.classes, i.shape);
    if (i.rows) return g.input(name, i.shape);
    const auto fill = [&i](std::span<double> to, const Shape&, Random&) {
      std::copy(i.values.begin(), i.values.end(), to.begin());
    };
    return g.param(name, i.shape, {.init = fill});
  }
  /// Relative to the numbers where they are large.
  static double difference(View<const double> got, const std::vector<double>& expected) {
    EXPECT_EQ(got.size(), static_cast<Index>(expected.size()));
    double worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double d = std::abs(got[static_cast<Index>(i)] - expected[i]);
      worst = std::max(worst, d / std::max(1.0, std::abs(expected[i])));
      if (std::isnan(d)) return d;
    }
    return worst;
  }

  Index batch_;
};

TEST(Axes, AgreeWithNumpyAndTorch) {
  const TestFolder folder;
  const std::string file = folder / "cases.txt";
  const OutsideResult script = run_python("../ops/numpy_cases.py", file);
  if (script.code == 77) GTEST_SKIP() << script.out;
  ASSERT_EQ(script.code, 0) << script.out;
  std::ifstream in(file);
  Index batch = 0;
  int count = 0;
  in >> batch >> count;
  ASSERT_EQ(count, 500);
  std::map<std::string, int> seen;
  for (int k = 0; k < count; ++k) {
    const NumpyCase c(in, batch);
    ASSERT_TRUE(in) << "case " << k;
    const double worst = c.run();
    EXPECT_LE(worst, 1e-9) << "case " << k << ": " << c.name << " " << str(c.settings);
    EXPECT_FALSE(std::isnan(worst)) << "case " << k << ": " << c.name;
    ++seen[c.name];
  }
  EXPECT_GE(seen.size(), 30u);
}

}  // namespace
}  // namespace chainrule::testing
