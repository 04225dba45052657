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
#include "chainrule/ops/expand.h"
#include "chainrule/ops/gather.h"
#include "chainrule/ops/layer_norm.h"
#include "chainrule/ops/matmul.h"
#include "chainrule/ops/pad.h"
#include "chainrule/ops/permute.h"
#include "chainrule/ops/reduce.h"
#include "chainrule/ops/reduce_axes.h"
#include "chainrule/ops/relu.h"
#include "chainrule/ops/reshape.h"
#include "chainrule/ops/slice.h"
#include "chainrule/ops/softmax.h"
#include "chainrule/ops/transpose.h"
#include "chainrule/ops/where.h"
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
  EXPECT_EQ(
      operation,
      cat("[add \"add1\"] the operands are [B, 5] and [B, 4]: along feature axis -1 5 elements ",
          "meet 4, expected as many or 1 (errors_test.cpp:", line, ")"));
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
     "[multiply \"multiply1\"] the operands are [B, 2, 3] and [2]: along feature axis -1 3 "
     "elements "
     "meet 2, expected as many or 1"},
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
     "axis 1"},
    {[](Graph& g) {
       concat({g.input("x", {2}), g.param("w", {2})});
     },
     "[concat \"concat1\"] input 2 is [2], the first is [B, 2], expected equal axes but axis 0"},
    {[](Graph& g) { slice(g.input("x", {5}), 3, 6); },
     "[slice \"slice1\"] elements 3 to 6 of axis 0, which has 5, expected 0 <= begin < end <= 5"},
    {[](Graph& g) { slice(g.input("x"), 0, 1); },
     "[slice \"slice1\"] axis -1 of [B], which has no feature axis"},
    {[](Graph& g) {
       slice(g.input("x", {4}), {{0, 1, 1, -1}});
     },
     "[slice \"slice1\"] elements 1 to 1 of axis 0, which has 4, expected -1 <= end < begin < 4 "
     "for "
     "a step of -1"},
    {[](Graph& g) {
       slice(g.input("x", {4}), {{0, 1, 2, 0}});
     },
     "[slice \"slice1\"] a step of 0 along axis 0, expected another"},
    {[](Graph& g) {
       slice(g.input("x", {4}), {{0, 1, 2}, {-1, 0, 1}});
     },
     "[slice \"slice1\"] axis 0 of [B, 4] is named twice"},
    {[](Graph& g) {
       split(g.input("x", {4}), {1, 2});
     },
     "[split] the parts have 3 elements, axis -1 of [B, 4] has 4"},
    {[](Graph& g) { stack(std::vector<Var>{g.input("x", {4})}, 2); },
     "[stack] axis 2 for inputs [B, 4], expected -2 to 1"},
    {[](Graph& g) { expand(g.input("x", {4}), {2}); },
     "[expand \"expand1\"] the input is [B, 4], expected feature axes that are those of [2] from "
     "the "
     "last one on, or 1"},
    {[](Graph& g) { softmax(g.input("x", {4}), 1); },
     "[softmax \"softmax1\"] axis 1 of [B, 4], expected -1 to 0, the feature axes"},
    {[](Graph& g) {
       matmul(g.input("x", {3, 2, 4}), g.param("w", {2, 4, 5}));
     },
     "[matmul \"matmul1\"] the factors are [B, 3, 2, 4] and [2, 4, 5], expected axes before the "
     "last "
     "two that are equal, 1 or missing"},
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
    {[](Graph& g) {
       where(g.input("x", {3}), g.input("y", {2, 1}), g.param("w", {3, 3}));
     },
     "[where \"where1\"] the operands are [B, 3], [B, 2, 1] and [3, 3]: along feature axis -2 2 "
     "elements meet 3, expected as many or 1"},
    {[](Graph&) { where(1, 2, 3); }, "[where] got no Var, expected at least one"},
    {[](Graph& g) {
       permute(g.input("x", {2, 3}), {0});
     },
     "[permute \"permute1\"] the order of axes has 1 entry, the input [B, 2, 3] expects 2, one for "
     "each feature axis"},
    {[](Graph& g) {
       permute(g.input("x", {2, 3}), {1, -1});
     },
     "[permute \"permute1\"] axis 1 of [B, 2, 3] is named twice"},
    {[](Graph& g) {
       permute(g.input("x", {2, 3}), {0, 2});
     },
     "[permute \"permute1\"] axis 2 of [B, 2, 3], expected -2 to 1, the feature axes"},
    {[](Graph& g) { sum(g.input("x"), {.axes = {0}}); },
     "[sum_axes \"sum_axes1\"] axis 0 of [B], which has no feature axis"},
    {[](Graph& g) { mean(g.input("x", {3}), Over{}); },
     "[mean_axes \"mean_axes1\"] no axis of [B, 3] is named, expected at least one"},
    {[](Graph& g) { max(g.param("w", {3}), {.batch = true}); },
     "[max_axes \"max_axes1\"] the input is [3], expected a batch axis to reduce"},
    {[](Graph& g) {
       pad(g.input("x", {2, 3}), {1}, {0, 0});
     },
     "[pad \"pad1\"] before has 1 entry, the input [B, 2, 3] expects 2, one for each feature axis"},
    {[](Graph& g) {
       pad(g.input("x", {2, 3}), {0, 0}, {0, -1});
     },
     "[pad \"pad1\"] axis 1 is padded by -1, expected 0 to 2^40"},
    {[](Graph& g) { gather(g.input("x", {3}), g.class_input("i", 4), 0); },
     "[gather \"gather1\"] axis 0 of [B, 3] has 3 elements, the indices expect 4 (0 to 3)"},
    {[](Graph& g) { gather(g.input("x", {3}), g.input("i"), 0); },
     "[gather \"gather1\"] input 'i' holds numbers, expected class indices"},
    {[](Graph& g) {
       take(g.input("x", {3}), {0, -4}, 0);
     },
     "[take \"take1\"] place -4 of axis 0 of [B, 3], expected -3 to 2"},
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
