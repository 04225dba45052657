// Convolutions and pooling against PyTorch, for random sizes and settings.
#include <fstream>
#include <map>

#include "chainrule/ops/conv2d.h"
#include "chainrule/ops/pool2d.h"
#include "tests/check.h"
#include "tests/io/outside.h"

namespace chainrule::testing {
namespace {

struct TorchArray {
  std::vector<Index> dims;
  std::vector<double> values;
};
using TorchArrays = std::map<std::string, TorchArray>;

TorchArrays read_arrays(std::istream& in) {
  TorchArrays all;
  std::size_t count = 0, rank = 0;
  for (in >> count; count > 0; --count) {
    std::string name;
    in >> name >> rank;
    TorchArray& a = all[name];
    a.dims.resize(rank);
    Index size = 1;
    for (Index& d : a.dims) in >> d, size *= d;
    a.values.resize(static_cast<std::size_t>(size));
    for (double& v : a.values) in >> v;
  }
  return all;
}

Var build(const std::string& kind, const std::vector<Index>& s, const Var& x, const Var& w,
          const Var& b) {
  if (kind == "conv")
    return conv2d(x, w, b,
                  {.stride = {s[0], s[1]},
                   .before = {s[2], s[3]},
                   .after = {s[2], s[3]},
                   .dilation = {s[4], s[5]},
                   .groups = s[6]});
  const Pool2dOptions options{
      .size = {s[0], s[1]}, .stride = {s[2], s[3]}, .before = {s[4], s[5]}, .after = {s[4], s[5]}};
  return kind == "max" ? max_pool2d(x, options) : avg_pool2d(x, options, kind == "avg");
}

void compare_with_torch(const std::string& kind, const std::vector<Index>& settings,
                        const TorchArrays& torch) {
  Graph g;
  const std::vector<Index>& dims = torch.at("x").dims;
  const Var x = g.input("x", Shape(std::span(dims).subspan(1)));
  const auto param = [&](const std::string& name) {
    return torch.contains(name) ? g.param(name, Shape(torch.at(name).dims)) : Var();
  };
  const Var w = param("w"), b = param("b"), y = build(kind, settings, x, w, b);
  Params<double> params(g);
  Tape<double> tape(params, {.rows = dims[0]});
  tape.set(x, std::span<const double>(torch.at("x").values));
  for (const int id : g.params())
    std::ranges::copy(torch.at(g.node(id).name).values, params[g.var(id)].begin());
  tape.forward();
  const auto near = [&](View<const double> got, const std::string& name) {
    SCOPED_TRACE(name);
    expect_near({got.begin(), got.end()}, torch.at(name).values, 1e-9);
  };
  near(tape.value(y), "y");
  tape.backward(y, torch.at("dy").values);
  near(tape.grad(x), "dx");
  for (const int id : g.params()) near(tape.grad(g.var(id)), "d" + g.node(id).name);
}

TEST(TorchConvolutions, AgreeFor300RandomConfigurations) {
  const TestFolder folder;
  const OutsideResult script = run_python("../ops/torch_conv.py", folder / "conv.txt");
  if (script.code == 77) GTEST_SKIP() << script.out;
  ASSERT_EQ(script.code, 0) << script.out;
  std::ifstream in(folder / "conv.txt");
  int count = 0;
  for (std::string kind; in >> kind; ++count) {
    std::size_t n = 0;
    in >> n;
    std::vector<Index> settings(n);
    for (Index& s : settings) in >> s;
    SCOPED_TRACE(::testing::Message()
                 << count << " " << kind << " " << ::testing::PrintToString(settings));
    compare_with_torch(kind, settings, read_arrays(in));
  }
  EXPECT_EQ(count, 300);
}

}  // namespace
}  // namespace chainrule::testing
