// Right gradients in every way in which people keep them, and graphs that are no models.
#include <cmath>
#include <gtest/gtest.h>

#include "chainrule/compare/compare.h"
#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/reduce.h"
#include "chainrule/ops/square.h"
#include "tests/compare/problems.h"

namespace chainrule::testing {
namespace {

using Net = PlainNet<double>;
using M = Matrix<double>;

/// What a float16 keeps of a number.
double half(double x) {
  int exponent = 0;
  const double m = std::frexp(x, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(m, 11)), exponent - 11);
}

std::vector<data::NpzArray> renamed(const Net& net, bool inputs_first, bool transform_bias,
                                    double factor, bool halves) {
  std::vector<data::NpzArray> all;
  for (const auto& [name, g] : net.gradients) {
    const bool weight = name.ends_with(".weight");
    const M m = weight && !inputs_first ? g.turned() : g;
    std::vector<double> values = m.data;
    for (double& v : values) v = halves ? half(factor * v) : factor * v;
    std::vector<Index> shape = {static_cast<Index>(m.rows), static_cast<Index>(m.cols)};
    if (!weight) {
      shape = {static_cast<Index>(m.cols)};
      if (transform_bias) shape.push_back(1);
    }
    all.push_back({cat("d", weight ? "W" : "b", name[2]),
                   data::parse_npy(data::format_npy<double>(values, shape), name)});
  }
  return all;
}

TEST(Compare, ConventionsAreNoMistakes) {
  for (const char which : {'A', 'B'}) {
    Problem p = network(which);
    Net net(p.model, p.x, p.t);
    net.forward(), net.backward();
    const double n = static_cast<double>(p.x.rows);
    for (const bool inputs_first : {false, true})
      for (const bool columns : {false, true})
        for (const double factor : {1.0, n}) {
          const Comparison c =
              compare(p.model, p.batch, renamed(net, inputs_first, columns, factor, false));
          EXPECT_TRUE(c.equal) << which << inputs_first << columns << factor << ": " << c.first;
          EXPECT_TRUE(c.not_given.empty());
          std::string said;
          for (const std::string& s : c.conventions) said += s + "; ";
          EXPECT_NE(said.find("dW1 = fc1.weight"), said.npos) << said;
          EXPECT_EQ(said.find("[inputs, outputs]") != said.npos, inputs_first) << said;
          EXPECT_EQ(said.find("column") != said.npos, columns) << said;
          EXPECT_EQ(said.find("summed over the") != said.npos, factor > 1) << said;
        }
  }
}

TEST(Compare, AReductionThatIsGivenIsNoConvention) {
  Problem p = network('A');
  Net net(p.model, p.x, p.t);
  net.forward(), net.backward();
  const auto summed = renamed(net, false, false, 20, false);
  EXPECT_TRUE(compare(p.model, p.batch, summed, {.reduction = "sum"}).equal);
  Comparison c = compare(p.model, p.batch, summed, {.reduction = "mean"});
  EXPECT_FALSE(c.equal);
  EXPECT_EQ(c.causes[0].kind, "summed instead of averaged");
  c = compare(p.model, p.batch, net.arrays(), {.reduction = "sum"});
  EXPECT_EQ(c.causes[0].kind, "averaged twice");
}

TEST(Compare, AMistakeBesideAConvention) {
  Problem p = network('A');
  Net net(p.model, p.x, p.t);
  net.instead = [](Net&, std::size_t i, const M& dy) { return i == 1 ? dy : M(); };
  net.forward(), net.backward();
  const Comparison c = compare(p.model, p.batch, renamed(net, true, false, 20, false));
  EXPECT_EQ(c.first, "relu1");
  ASSERT_EQ(c.causes.size(), 1U);
  EXPECT_EQ(c.causes[0].kind, "mask missing");
  EXPECT_TRUE(c.explained);
  EXPECT_NE(c.conventions.back().find("summed over the 20 rows"), std::string::npos);
}

TEST(Compare, ABiasWithinItsWeight) {
  Problem p = network('A');
  Net net(p.model, p.x, p.t);
  net.forward(), net.backward();
  for (const bool last : {false, true})
    for (const bool inputs_first : {false, true}) {
      std::vector<data::NpzArray> arrays;
      for (const char* layer : {"fc1", "fc2", "fc3"}) {
        const M &w = net.gradients[cat(layer, ".weight")], &b = net.gradients[cat(layer, ".bias")];
        M both(w.rows + 1, w.cols);
        for (std::size_t r = 0; r < both.rows; ++r)
          for (std::size_t c = 0; c < both.cols; ++c) {
            const std::size_t at = last ? w.rows : 0;
            both(r, c) = r == at ? b(0, c) : w(r - (last || r == 0 ? 0 : 1), c);
          }
        const M m = inputs_first ? both : both.turned();
        const std::vector<Index> shape = {static_cast<Index>(m.rows), static_cast<Index>(m.cols)};
        arrays.push_back({cat("Theta", layer[2]),
                          data::parse_npy(data::format_npy<double>(m.data, shape), layer)});
      }
      const Comparison c = compare(p.model, p.batch, arrays);
      EXPECT_TRUE(c.equal) << last << inputs_first << c.first;
      EXPECT_EQ(c.arrays.size(), 6U);
      EXPECT_NE(c.conventions.back().find(last ? "last" : "first"), std::string::npos)
          << c.conventions.back();
    }
}

TEST(Compare, AnyRecordedGraph) {
  Graph g;
  const Var x = g.input("x", {2}), w = g.input("w", {2});
  const Var loss = sum(square(x * w - 1.0));
  Tape<double> tape(g);
  tape.set(x, {1.0, 2.0}), tape.set(w, {3.0, -1.0});
  tape.forward();
  const auto grads = [&](double a, double b) {
    return std::vector<data::NpzArray>{
        {"dw",
         data::parse_npy(data::format_npy<double>(std::vector<double>{a, b}, std::vector<Index>{2}),
                         "dw")}};
  };
  // d/dw = 2 (x w - 1) x = 2 * 2 * 1, 2 * -3 * 2
  EXPECT_TRUE(compare<double>(tape, nullptr, loss, grads(4, -12)).equal);
  const Comparison c = compare<double>(tape, nullptr, loss, grads(12, 6));  // times w, not x
  EXPECT_FALSE(c.equal);
  ASSERT_FALSE(c.causes.empty());
  EXPECT_EQ(c.causes[0].kind, "operands exchanged");
}

}  // namespace
}  // namespace chainrule::testing
