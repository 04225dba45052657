// The formula parser: what it builds, what it says about wrong texts, and that nothing crashes it.
#include "chainrule/formula/formula.h"

#include <cmath>
#include <gtest/gtest.h>

#include "chainrule/core/random.h"

namespace chainrule {
namespace {

FormulaValues values(const std::vector<std::string>& texts) {
  FormulaValues all;
  for (const std::string& text : texts) add_formula_value(text, all);
  return all;
}

std::vector<double> result(const std::string& text, const std::vector<std::string>& given = {}) {
  const Formula formula(text, values(given));
  const auto tape = formula.run();
  const auto out = tape->value(formula.result());
  return {out.begin(), out.end()};
}

std::string error(const std::string& text, const std::vector<std::string>& given = {}) {
  try {
    result(text, given);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

void expect_near(const std::vector<double>& got, const std::vector<double>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-12) << i;
}

TEST(Formula, Apples) {
  const Formula f("(apple*apple_num + orange*orange_num)*tax",
                  values({"apple=100", "apple_num=2", "orange=150", "orange_num=3", "tax=1.1"}));
  const auto tape = f.run();
  EXPECT_NEAR(double(tape->value(f.result())), 715, 1e-12);
  tape->backward(f.result());
  const std::vector<std::string> names{"apple", "apple_num", "orange", "orange_num", "tax"};
  const std::vector<double> grads{2.2, 110, 3.3, 165, 650};
  ASSERT_EQ(f.inputs().size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(f.inputs()[i].name(), names[i]);
    EXPECT_NEAR(double(tape->grad(f.inputs()[i])), grads[i], 1e-12) << names[i];
  }
  EXPECT_EQ(f.result().name(), "out");
}

TEST(Formula, OperatorsBindAsOnPaper) {
  expect_near(result("2 + 3 * 4 - 6 / 3"), {12});
  expect_near(result("-x^2", {"x=3"}), {-9});
  expect_near(result("2^3^2"), {512});
  expect_near(result("(2^3)^2"), {64});
  expect_near(result("x^-1", {"x=4"}), {0.25});
  expect_near(result("2 - 3 - 4"), {-5});
  expect_near(result("- -x + +x", {"x=3"}), {6});
  expect_near(result("2^x", {"x=3"}), {8});
  expect_near(result("y^x", {"x=3", "y=5"}), {125});
  expect_near(result("1.5e2 + .5"), {150.5});
}

TEST(Formula, Functions) {
  expect_near(result("relu(x)", {"x=[-1, 2]"}), {0, 2});
  expect_near(result("sigmoid(x)", {"x=0"}), {0.5});
  expect_near(result("tanh(log(x)) + sqrt(y) + abs(z) + exp(0*z)", {"x=1", "y=9", "z=-4"}), {8});
  expect_near(result("max(x, 2, y) - min(x, y)", {"x=1", "y=5"}), {4});
  expect_near(result("sum(x) + mean(x)", {"x=[[1, 2], [3, 6]]"}), {15});
  expect_near(result("softmax(x)", {"x=[0, 0, 0, 0]"}), {0.25, 0.25, 0.25, 0.25});
}

TEST(Formula, Matrices) {
  const std::vector<std::string> given{"x=[1, 2]", "w=[[1, 2, 3], [4, 5, 6]]", "b=[1, 1, 1]"};
  expect_near(result("z = x @ w + b; relu(-z)", given), {0, 0, 0});
  expect_near(result("x @ w + b", given), {10, 13, 16});
  expect_near(result("[[1, 0], [0, 1]] @ w", {given[1]}), {1, 2, 3, 4, 5, 6});
  expect_near(result("w @ v", {given[1], "v=[1, 0, -1]"}), {-2, -2});
  expect_near(result("x @ x", {given[0]}), {5});
  expect_near(result("transpose(w) @ x", {given[0], given[1]}), {9, 12, 15});
  expect_near(result("[1/2, -3] * x", {given[0]}), {0.5, -6});
}

TEST(Formula, CrossEntropyInEveryForm) {
  const double loss = -std::log(0.6);
  expect_near(result("cross_entropy(p, t)", {"p=[0.1, 0.6, 0.3]", "t=[0, 1, 0]"}), {loss});
  expect_near(result("cross_entropy(p, t)", {"p=[0.1, 0.6, 0.3]", "t=1"}), {loss});
  expect_near(result("cross_entropy(p, 1)", {"p=[0.1, 0.6, 0.3]"}), {loss});
  expect_near(result("cross_entropy([0.1, 0.6, 0.3], [0, 1, 0])"), {loss});
  // The mean over the rows of a matrix; by hand (log 2 + log 4) / 2.
  const std::string p = "p=[[0.5, 0.5], [0.75, 0.25]]";
  expect_near(result("cross_entropy(p, t)", {p, "t=[0, 1]"}), {std::log(8.0) / 2});
  expect_near(result("cross_entropy(p, t)", {p, "t=[[1, 0], [0, 1]]"}), {std::log(8.0) / 2});
  expect_near(result("softmax_cross_entropy(log(p), t)", {p, "t=[0, 1]"}), {std::log(8.0) / 2});
  expect_near(result("softmax_cross_entropy(x, 1)", {"x=[0, 0, 0, 0]"}), {std::log(4.0)});
}

TEST(Formula, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(error("appel * 2", {"apple=3"}),
            "unknown name 'appel' (did you mean 'apple'?)\n    appel * 2\n    ^~~~~");
  EXPECT_EQ(error("x + rleu(x)", {"x=3"}),
            "unknown function 'rleu' (did you mean 'relu'?)\n    x + rleu(x)\n        ^~~~");
  EXPECT_EQ(error("x * y", {"x=3"}),
            "'y' has no value, expected for example y=3\n    x * y\n        ^");
  EXPECT_EQ(error("1 + 2/0"), "this divides by zero\n    1 + 2/0\n        ^~~");
  EXPECT_EQ(error("1 / x", {"x=0"}),
            "the result of this is infinite: a number is 1, 'x' is 0\n    1 / x\n    ^~~~~");
  EXPECT_EQ(error("3 * log(x)", {"x=0"}),
            "the result of this is infinite: 'x' is 0\n    3 * log(x)\n        ^~~~~~");
  EXPECT_EQ(error("(x + 1", {"x=3"}),
            "the text ends where ')' was expected\n    (x + 1\n          ^");
  EXPECT_EQ(error("x @ w", {"x=[1, 2, 3]", "w=[[1, 2], [3, 4]]"}),
            "the left side of '@' has 3 columns, the right side has 2 rows, expected as many\n"
            "    x @ w\n    ^~~~~");
  EXPECT_EQ(error("x + y", {"x=[1, 2, 3]", "y=[1, 2]"}),
            "the operands are [3] and [2]: along feature axis -1 3 elements meet 2, expected as many "
            "or 1\n    x + y\n    ^~~~~");
  EXPECT_EQ(error("x", {"x=[[1, 2], [3]]"}),
            "the value of 'x': this row has 1 numbers, the rows before it have 2\n"
            "    [[1, 2], [3]]\n             ^~~");
  for (const auto& [text, sentence] : std::vector<std::pair<std::string, std::string>>{
           {"", "the formula is empty"},
           {"x $ 3", "the character '$' has no meaning here"},
           {"x x", "stands where an operator or ';' was expected"},
           {"3 = x", "only a name can stand before '='"},
           {"x = 2", "'x' has a value already"},
           {"z = x; z = x; z", "'z' is defined twice"},
           {"x + 1; x", "this result is not used"},
           {"relu", "'relu' is a function"},
           {"relu(x, x)", "'relu' has 2 arguments, expected 1"},
           {"max(x)", "'max' has 1 argument, expected 2 or more"},
           {"1e999 * x", "is too large"},
           {"1.2.3 * x", "'1.2.3' is not a number"},
           {"x ** 2", "a power is written x^2"},
           {"x @ 2", "a number is multiplied by '*'"},
           {"[] + x", "a vector has no numbers"},
           {"[x] + x", "can hold numbers only"},
           {"cross_entropy([0.5, 0.5], 2) + x", "class 2 is not there"},
           {"\xc3\xa4 + x", "the character '\?\?' has no meaning here"}})
    EXPECT_NE(error(text, {"x=3"}).find(sentence), std::string::npos) << error(text, {"x=3"});
  EXPECT_EQ(error("x", {"x=3", "y=2"}), "the formula does not use 'y', which has a value");
  EXPECT_EQ(error("x", {"x"}), "'x' is no value; values look like x=3 or w='[[1, 2], [3, 4]]'");
  EXPECT_EQ(error("x", {"x=3", "x=2"}), "'x' is given twice");
}

TEST(Formula, HostileTexts) {
  std::string sum = "x";
  while (sum.size() + 2 <= 10'000) sum += "+x";
  EXPECT_EQ(result(sum, {"x=2"}),
            std::vector<double>{2.0 * static_cast<double>(sum.size() / 2 + 1)});
  EXPECT_NE(error(sum + "+x+x", {"x=2"}).find("at most 10,000"), std::string::npos);
  for (const char* bracket : {"(", "-", "[", "relu(", "x^", "2^"}) {
    std::string deep;
    while (deep.size() < 9'000) deep += bracket;
    const std::string what = error(deep + "x", {"x=2"});
    EXPECT_LT(what.size(), 300U);
    EXPECT_NE(what.find('^'), std::string::npos) << what;
  }
  std::string vector = "x=[1";
  while (vector.size() < 20'000) vector += ",1";
  EXPECT_NE(error("x", {vector}).find("more than 4,096 numbers"), std::string::npos);
  // A column times a row would be 4,000 x 4,000.
  std::string column = "c=[[1]", row = "r=[[1";
  for (int i = 1; i < 4000; ++i) column += ",[1]", row += ",1";
  EXPECT_NE(error("c @ r", {column + "]", row + "]]"}).find("16,000,000 numbers"),
            std::string::npos);
}

// Whatever the text, the answer is a formula or a sentence.
TEST(Formula, SurvivesMutations) {
  const std::vector<std::string> seeds{"z = x @ w + b; y = relu(z); cross_entropy(softmax(y), 1)",
                                       "(x*x + 3.5e-2)^2 / max(x, -1, 2) ; ",
                                       "[[1, 2], [3, 4]] @ w - transpose(w)",
                                       "softmax_cross_entropy(x @ w, [0, 1]) + mean(abs(b)) ^ x",
                                       "u = x/3; v = tanh(u - w); log(exp(v)) * b ; "};
  const std::string alphabet = "xwb()[],;=+-*/@^.0123456789e \n#\xff";
  const FormulaValues given = values({"x=[1, 2]", "w=[[1, 2], [3, 4]]", "b=[0.5, 1]"});
  Random random(5);
  const auto below = [&](std::size_t n) {
    return static_cast<std::size_t>(random.below(static_cast<std::uint32_t>(n)));
  };
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seeds[below(seeds.size())];
    for (std::size_t edits = 1 + below(2); edits > 0 && !text.empty(); --edits) {
      const std::size_t at = below(text.size());
      const std::string& other = seeds[below(seeds.size())];
      switch (below(4)) {
        case 0:
          text[at] = alphabet[below(alphabet.size())];
          break;
        case 1:
          text.erase(at, 1 + below(3));
          break;
        case 2:
          text.insert(at, 1, alphabet[below(alphabet.size())]);
          break;
        default:
          text.insert(at, other, below(other.size()), 8);
      }
    }
    try {
      const Formula formula(text, given);
      formula.run();
      ++read;
    } catch (const Error& e) {
      const std::string what = e.what();
      EXPECT_FALSE(what.empty());
      EXPECT_LT(what.size(), 600U) << what;
    }
  }
  EXPECT_GT(read, 200);
}

}  // namespace
}  // namespace chainrule
