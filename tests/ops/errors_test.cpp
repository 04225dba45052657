// Shapes that do not fit: one sentence that names the operation, the sizes and the user's line.
#include <functional>

#include "chainrule/ops/affine.h"
#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/bias.h"
#include "chainrule/ops/matmul.h"
#include "chainrule/ops/reduce.h"
#include "chainrule/ops/softmax.h"
#include "tests/check.h"

namespace chainrule::testing {
namespace {

/// The sentence of the Error that `build` throws for a new graph.
std::string sentence(const std::function<void(Graph&)>& build) {
  Graph g;
  try {
    build(g);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(ShapeErrors, NameTheUsersLine) {
  unsigned line = 0;
  const std::string function = sentence([&](Graph& g) {
    const Var x = g.input("x", {50}), w = g.param("w", {64, 10});
    line = Location::current().line() + 1;
    affine(x, w);
  });
  EXPECT_EQ(function, cat("[affine \"affine1\"] input has 50 features, weight expects 64 ",
                          "(errors_test.cpp:", line, ")"));
  const std::string operation = sentence([&](Graph& g) {
    const Var x = g.input("x", {5}), z = g.input("z", {4});
    line = Location::current().line() + 1;
    x + 2 * z;
  });
  EXPECT_EQ(operation,
            cat("[add \"add1\"] the operands are [B, 5] and [B, 4], expected one's ",
                "feature axes to be the last ones of the other (errors_test.cpp:", line, ")"));
}

struct Case {
  std::function<void(Graph&)> build;
  std::string_view expected;  ///< the sentence up to the user's line
};

const std::vector<Case> kCases = {
    {[](Graph& g) {
       affine(g.input("x"), g.param("w", {3, 2}));
     },
     "[affine \"affine1\"] the input is [B], expected a last axis of 3"},
    {[](Graph& g) {
       affine(g.input("x", {3}), g.input("w", {3, 2}));
     },
     "[affine \"affine1\"] the weight is [B, 3, 2], expected [I, O] without batch axis"},
    {[](Graph& g) {
       affine(g.input("x", {3}), g.param("w", {3, 2}), g.param("b", {3}));
     },
     "[affine \"affine1\"] the bias is [3], expected [2]"},
    {[](Graph& g) { bias(g.input("x", {3}), g.param("b", {4})); },
     "[bias \"bias1\"] input has 3 features, bias expects 4"},
    {[](Graph& g) { bias(g.input("x", {3}), g.input("b", {3})); },
     "[bias \"bias1\"] the bias is [B, 3], expected one axis without batch"},
    {[](Graph& g) {
       matmul(g.input("x", {2, 3}), g.param("w", {4, 2}));
     },
     "[matmul \"matmul1\"] the first factor has 3 columns, the second has 4 rows"},
    {[](Graph& g) { matmul(g.input("x", {3}), g.input("w", {3})); },
     "[matmul \"matmul1\"] the second factor is [B, 3], expected a matrix [K, N]"},
    {[](Graph& g) {
       matmul(g.input("x"), g.param("w", {3, 2}));
     },
     "[matmul \"matmul1\"] the first factor is [B], expected a last axis of 3"},
    {[](Graph& g) {
       multiply(g.input("x", {2, 3}), g.param("w", {2}));
     },
     "[multiply \"multiply1\"] the operands are [B, 2, 3] and [2], expected one's feature axes to "
     "be the last ones of the other"},
    {[](Graph& g) { sum_batch(g.param("w", {3})); },
     "[sum_batch \"sum_batch1\"] the input is [3], expected a batch axis to reduce"},
    {[](Graph& g) { weighted_mean(g.input("x", {2}), g.input("w")); },
     "[weighted_mean \"weighted_mean1\"] the input is [B, 2], the weights are [B], expected equal "
     "shapes"},
    {[](Graph& g) { softmax(g.input("x")); },
     "[softmax \"softmax1\"] the input is [B], expected at least one feature axis"},
};

TEST(ShapeErrors, SayWhatWasExpected) {
  for (const Case& c : kCases) {
    const std::string got = sentence(c.build);
    EXPECT_EQ(got.substr(0, got.rfind(" (errors_test.cpp:")), c.expected);
  }
}

}  // namespace
}  // namespace chainrule::testing
