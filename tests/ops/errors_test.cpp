// Shapes that do not fit: one sentence that names the operation, the sizes and the user's line.
#include <functional>

#include "chainrule/ops/affine.h"
#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/batch_norm.h"
#include "chainrule/ops/bias.h"
#include "chainrule/ops/clip.h"
#include "chainrule/ops/concat.h"
#include "chainrule/ops/dropout.h"
#include "chainrule/ops/embedding.h"
#include "chainrule/ops/layer_norm.h"
#include "chainrule/ops/matmul.h"
#include "chainrule/ops/reduce.h"
#include "chainrule/ops/relu.h"
#include "chainrule/ops/reshape.h"
#include "chainrule/ops/slice.h"
#include "chainrule/ops/softmax.h"
#include "chainrule/ops/transpose.h"
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
    {[](Graph& g) {
       reshape(g.input("x", {2, 3}), {5});
     },
     "[reshape \"reshape1\"] a row of [B, 2, 3] has 6 elements, [5] has 5"},
    {[](Graph& g) {
       concat({g.input("x", {2, 3}), g.input("z", {3, 3})});
     },
     "[concat \"concat1\"] input 2 is [B, 3, 3], the first is [B, 2, 3], expected equal axes but "
     "the last"},
    {[](Graph& g) {
       concat({g.input("x", {2}), g.param("w", {2})});
     },
     "[concat \"concat1\"] input 2 is [2], the first is [B, 2], expected equal axes but the last"},
    {[](Graph& g) { slice(g.input("x", {5}), 3, 6); },
     "[slice \"slice1\"] elements 3 to 6 of a last axis of 5, expected 0 <= begin < end <= 5"},
    {[](Graph& g) { slice(g.input("x"), 0, 1); },
     "[slice \"slice1\"] the input is [B], expected at least one feature axis"},
    {[](Graph& g) { transpose(g.input("x", {5})); },
     "[transpose \"transpose1\"] the input is [B, 5], expected at least two feature axes"},
    {[](Graph& g) { layer_norm(g.input("x", {5}), g.param("g", {5}), g.param("b", {4})); },
     "[layer_norm \"layer_norm1\"] beta is [4], expected [5] like the last axis of the input"},
    {[](Graph& g) {
       const Var gamma = g.param("g", {5}), fixed = g.param("f", {4}, {.trainable = false});
       batch_norm(g.input("x", {5}), gamma, gamma, fixed, fixed);
     },
     "[batch_norm \"batch_norm1\"] running_mean is [4], expected [5] like the last axis of the "
     "input"},
    {[](Graph& g) {
       embedding(g.input("x"), g.param("t", {3, 2}));
     },
     "[embedding \"embedding1\"] input 'x' holds numbers, expected class indices"},
    {[](Graph& g) { relu(g.class_input("x", 10)); },
     "[relu \"relu1\"] input 'x' holds class indices, expected numbers"},
    {[](Graph& g) {
       embedding(g.class_input("x", 10), g.param("t", {3, 2}));
     },
     "[embedding \"embedding1\"] the table has 3 rows, the indices expect 10 (0 to 9)"},
    {[](Graph& g) { dropout(g.input("x"), 1.5); },
     "[dropout] rate is 1.5, expected a number from 0 to less than 1"},
    {[](Graph& g) { clip(g.input("x"), 1, 0.5); },
     "[clip] low is 1 and high 0.5, expected low <= high"},
};

TEST(ShapeErrors, SayWhatWasExpected) {
  for (const Case& c : kCases) {
    const std::string got = sentence(c.build);
    EXPECT_EQ(got.substr(0, got.rfind(" (errors_test.cpp:")), c.expected);
  }
}

}  // namespace
}  // namespace chainrule::testing
