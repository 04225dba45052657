#include <gtest/gtest.h>
#include <limits>

#include "chainrule/graph/op.h"
#include "chainrule/ops/clip.h"
#include "chainrule/ops/leaky_relu.h"
#include "chainrule/ops/relu.h"

namespace chainrule {
namespace {

const Op& op_of(Var v) { return *v.graph().node(v).op; }

TEST(OpSetting, GivesTheNumberToTheLastBit) {
  Graph g;
  const Var x = g.input("x", {3});
  EXPECT_EQ(op_of(leaky_relu(x, 1.0 / 3)).setting("slope"), 1.0 / 3);
  const double infinity = std::numeric_limits<double>::infinity();
  const Var y = clip(x, -infinity, 1e-300);
  EXPECT_EQ(op_of(y).setting("low"), -infinity);
  EXPECT_EQ(op_of(y).setting("high"), 1e-300);
  EXPECT_THROW(op_of(y).setting("lo"), Error);
  EXPECT_THROW(op_of(relu(x)).setting("slope"), Error);
}

}  // namespace
}  // namespace chainrule
