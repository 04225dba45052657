// Explanations: the notebooks' figures edge by edge, an operation that the library does not know,
// and the views of both.
#include "chainrule/explain/explanation.h"

#include <cmath>
#include <gtest/gtest.h>

#include "chainrule/explain/text.h"
#include "chainrule/formula/formula.h"
#include "chainrule/graph/op.h"
#include "chainrule/ops/arithmetic.h"
#include "chainrule/picture/drawing.h"
#include "chainrule/picture/page.h"

namespace chainrule {
namespace {

Explanation explained(const std::string& text, const std::vector<std::string>& given) {
  FormulaValues values;
  for (const std::string& v : given) add_formula_value(v, values);
  const Formula formula(text, values);
  const auto tape = formula.run();
  return explain(*tape, formula.result(), {.fixed = formula.literals()});
}

const ExplainedNode& node(const Explanation& e, const std::string& name) {
  for (const ExplainedNode& n : e.nodes)
    if (n.name == name) return n;
  throw Error("no node " + name);
}

const ExplainedEdge& edge(const Explanation& e, const std::string& from, const std::string& to) {
  for (const ExplainedEdge& x : e.edges)
    if (e.nodes[static_cast<std::size_t>(x.from)].name == from &&
        e.nodes[static_cast<std::size_t>(x.to)].name == to)
      return x;
  throw Error("no edge " + from + " " + to);
}

void expect_numbers(const std::vector<double>& got, const std::vector<double>& expected,
                    double tolerance = 1e-12) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], tolerance) << i;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::string kApples = "(apple*apple_num + orange*orange_num)*tax";
const std::vector<std::string> kPrices{"apple=100", "apple_num=2", "orange=150", "orange_num=3",
                                       "tax=1.1"};

TEST(Explanation, ApplesAndOranges) {
  const Explanation e = explained(kApples, kPrices);
  EXPECT_EQ(node(e, "a").value[0], 200);
  EXPECT_EQ(node(e, "b").value[0], 450);
  EXPECT_EQ(node(e, "c").value[0], 650);
  EXPECT_NEAR(e.out().value[0], 715, 1e-12);
  const std::vector<std::pair<std::string, double>> gradients{
      {"apple", 2.2}, {"apple_num", 110}, {"orange", 3.3}, {"orange_num", 165}, {"tax", 650},
      {"a", 1.1},     {"b", 1.1},         {"c", 1.1},      {"out", 1}};
  for (const auto& [name, gradient] : gradients) expect_numbers(node(e, name).gradient, {gradient});
  const ExplainedEdge& x = edge(e, "c", "out");
  EXPECT_EQ(x.formula, "tax");
  expect_numbers(x.local, {1.1});
  expect_numbers(x.downstream, {1.1});
  for (const ExplainedNode& n : e.nodes)
    if (n.op.empty()) {
      ASSERT_TRUE(n.check) << n.name;
      EXPECT_EQ(n.check->verdict, NumericalCheck::ok) << n.name;
    }

  const std::string text = explanation_text(e);
  EXPECT_TRUE(contains(text, "  a   = apple * apple_num   = 100 * 2   = 200\n")) << text;
  EXPECT_TRUE(contains(text, "  out = c * tax             = 650 * 1.1 = 715\n")) << text;
  EXPECT_TRUE(contains(text, "d out/d c          = 1   × tax         1.1 = 1.1\n")) << text;
  EXPECT_TRUE(contains(text, "1.1 × apple_num   2   = 2.2   numerical 2.200000   ok\n")) << text;
}

TEST(Explanation, OneNeuron) {
  const Explanation e = explained("relu(x0*w0 + x1*w1 + x2*w2 + b)",
                                  {"x0=1", "x1=-2", "x2=3", "w0=-3", "w1=-1", "w2=2", "b=1"});
  EXPECT_EQ(e.out().value[0], 6);
  const std::vector<std::pair<std::string, double>> gradients{
      {"x0", -3}, {"w0", 1}, {"x1", -1}, {"w1", -2}, {"x2", 2}, {"w2", 3}, {"b", 1}};
  for (const auto& [name, gradient] : gradients) expect_numbers(node(e, name).gradient, {gradient});
}

TEST(Explanation, TheJacobianOfSoftmax) {
  const Explanation e = explained("softmax(x)", {"x=[1, 2, 3]"});
  const ExplainedEdge& x = edge(e, "x", "out");
  EXPECT_EQ(x.rows, 3);
  EXPECT_EQ(x.cols, 3);
  EXPECT_FALSE(x.diagonal);
  const double total = std::exp(-2) + std::exp(-1) + 1;
  const std::vector<double> p{std::exp(-2) / total, std::exp(-1) / total, 1 / total};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      EXPECT_NEAR(x.local[3 * i + j], (i == j ? p[i] : 0) - p[i] * p[j], 1e-15);
  expect_numbers(node(e, "x").gradient, {0, 0, 0});
}

TEST(Explanation, PathsThatMeetAreAddedUp) {
  // d/dx (x x + 3 x) = 2 x + 3.
  const Explanation e = explained("x*x + 3*x", {"x=2"});
  const ExplainedNode& x = node(e, "x");
  EXPECT_EQ(x.outs.size(), 3U);
  double sum = 0;
  for (const int o : x.outs) sum += e.edges[static_cast<std::size_t>(o)].downstream[0];
  EXPECT_EQ(sum, 7);
  expect_numbers(x.gradient, {7});
  EXPECT_TRUE(contains(explanation_text(e), "d out/d x      = 3 + 2 + 2 = 7"))
      << explanation_text(e);
}

TEST(Explanation, SumsOfEveryNodeAreItsGradient) {
  const Explanation e = explained(
      "z = x @ w + b; h = tanh(z); y = h * h + z; cross_entropy(softmax(y @ w), t) + mean(y)",
      {"x=[[1, 2], [0.5, -1]]", "w=[[0.1, 0.3], [0.2, -0.4]]", "b=[0.1, 0.2]", "t=[1, 0]"});
  int nodes = 0;
  for (const ExplainedNode& n : e.nodes) {
    if (!n.has_gradient || n.outs.empty()) continue;
    ++nodes;
    std::vector<double> sum(n.gradient.size(), 0.0);
    for (const int o : n.outs) {
      const ExplainedEdge& x = e.edges[static_cast<std::size_t>(o)];
      const ExplainedNode& to = e.nodes[static_cast<std::size_t>(x.to)];
      // downstream = upstream × local, the local derivative as a matrix.
      ASSERT_EQ(x.local.size(), to.gradient.size() * n.gradient.size());
      for (std::size_t c = 0; c < sum.size(); ++c) {
        double product = 0;
        for (std::size_t r = 0; r < to.gradient.size(); ++r)
          product += to.gradient[r] * x.local[r * sum.size() + c];
        EXPECT_NEAR(product, x.downstream[c], 1e-14) << n.name;
        sum[c] += x.downstream[c];
      }
    }
    expect_numbers(sum, n.gradient, 1e-14);
    if (n.check) {
      EXPECT_EQ(n.check->verdict, NumericalCheck::ok) << n.name;
    }
  }
  EXPECT_GT(nodes, 12);
}

TEST(Explanation, KinksAreNamed) {
  EXPECT_EQ(node(explained("relu(x)", {"x=0"}), "x").check->verdict, NumericalCheck::kink);
  // Where several units have their kink, the gradient lies beside both one-sided slopes.
  const Explanation several =
      explained("sum(relu(x @ w))", {"x=[[0, 0], [0, 1]]", "w=[[1, 2, -1], [0.5, -1, 2]]"});
  const NumericalCheck& x = *node(several, "x").check;
  EXPECT_EQ(x.verdict, NumericalCheck::kink);
  EXPECT_EQ(x.kinks, 2);
  EXPECT_EQ(x.checked, 4);
  EXPECT_EQ(node(several, "w").check->verdict, NumericalCheck::ok);
  EXPECT_EQ(node(explained("relu(x)", {"x=0.1"}), "x").check->verdict, NumericalCheck::ok);
}

// An operation of a user's own, with its document, and nothing else.
struct Softsign {
  inline static const OpDoc doc{
      "softsign", {"x"}, "y = x / (1 + |x|)", {"dx = dy * 1 / (1 + |x|)^2"}};
  Shape infer(std::span<const Shape> in) const { return in[0]; }
  template <class T>
  void forward(const Context<T>& c) const {
    for (Index i = 0; i < c.out().size(); ++i) c.out()[i] = c.in(0)[i] / (1 + std::abs(c.in(0)[i]));
  }
  template <class T>
  void backward(const Context<T>& c) const {
    for (Index i = 0; i < c.out().size(); ++i)
      c.din(0)[i] += c.dout()[i] / ((1 + std::abs(c.in(0)[i])) * (1 + std::abs(c.in(0)[i])));
  }
};

/// The same with the square forgotten in backward.
struct WrongSoftsign : Softsign {
  inline static const OpDoc doc{"wrong_softsign", {"x"}, "y = x / (1 + |x|)", {"dx = dy * ?"}};
  template <class T>
  void backward(const Context<T>& c) const {
    for (Index i = 0; i < c.out().size(); ++i)
      c.din(0)[i] += c.dout()[i] / (1 + std::abs(c.in(0)[i]));
  }
};

template <class MyOp>
Explanation explain_own() {
  Graph g;
  const Var speed = g.input("speed"), factor = g.input("factor");
  const Var y = g.rename(add_op(MyOp{}, {speed}, Location::current()), "curve") * factor;
  Tape<double> tape(g);
  tape.set(speed, 3), tape.set(factor, 8);
  return explain(tape, y);
}

TEST(Explanation, AnOperationOfTheUsersOwn) {
  const Explanation e = explain_own<Softsign>();
  const ExplainedEdge& x = edge(e, "speed", "curve");
  EXPECT_EQ(x.formula, "1 / (1 + |speed|)^2");
  expect_numbers(x.local, {1.0 / 16});
  expect_numbers(x.downstream, {0.5});
  EXPECT_EQ(node(e, "curve").formula, "speed / (1 + |speed|)");
  EXPECT_EQ(node(e, "curve").numbers, "3 / (1 + |3|)");
  EXPECT_EQ(node(e, "speed").check->verdict, NumericalCheck::ok);
  EXPECT_TRUE(contains(explanation_text(e), "speed / (1 + |speed|)"));
  EXPECT_TRUE(contains(explanation_json(e), "\"op\": \"softsign\""));
  EXPECT_TRUE(contains(explanation_svg(e, "own"), ">softsign</text>"));
  EXPECT_TRUE(contains(explanation_page(e, "own"), ">softsign</text>"));
  EXPECT_TRUE(contains(explanation_page(e, "own"), "1 / (1 + |speed|)^2"));
  EXPECT_EQ(node(explain_own<WrongSoftsign>(), "speed").check->verdict, NumericalCheck::differs);
}

TEST(Drawing, EveryValueAndGradientStandsInIt) {
  const std::string svg = explanation_svg(explained(kApples, kPrices), "apples & oranges");
  EXPECT_TRUE(contains(svg, "apples &amp; oranges"));
  for (const char* text : {"100", "200", "450", "650", "715", "2.2", "110", "3.3", "165", "1.1"})
    EXPECT_TRUE(contains(svg, std::string(">") + text + "</text>")) << text;
  for (const char* name : {"apple", "orange_num", "tax", "out"})
    EXPECT_TRUE(contains(svg, std::string(">") + name + "</text>")) << name;
}

TEST(Drawing, RefusesWhatNobodyCouldRead) {
  std::string sum = "x";
  for (int i = 0; i < 500; ++i) sum += "+x";
  EXPECT_THROW(explanation_svg(explained(sum, {"x=1"}), ""), Error);
}

TEST(ExplanationText, FitsTheTerminal) {
  const Explanation e =
      explained("z = x @ w1 + b1; h = relu(z); cross_entropy(softmax(h @ w2 + b2), t)",
                {"x=[1, 2]", "w1=[[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]]", "b1=[0.1, 0.2, 0.3]",
                 "w2=[[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]]", "b2=[0.1, 0.2]", "t=1"});
  const std::string text = explanation_text(e);
  std::size_t columns = 0;
  for (const char c : text) {
    columns = c == '\n' ? 0 : columns + ((c & 0xc0) != 0x80);
    ASSERT_LE(columns, 100U) << text;
  }
  // softmax and cross-entropy together: p - t.
  const ExplainedNode& logits = node(e, "c");
  const ExplainedNode& p =
      e.nodes[static_cast<std::size_t>(e.edges[static_cast<std::size_t>(logits.outs[0])].to)];
  expect_numbers(logits.gradient, {p.value[0], p.value[1] - 1}, 1e-15);
}

}  // namespace
}  // namespace chainrule
