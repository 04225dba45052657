#include <gtest/gtest.h>
#include <vector>

#include "chainrule/graph/tape.h"
#include "chainrule/ops/arithmetic.h"
#include "chainrule/ops/relu.h"

namespace chainrule {
namespace {

TEST(InferenceTape, AnInputRecordedLateKeepsItsValues) {
  Graph g;
  const Var x = g.input("x", {3});
  Var h = relu(x);
  for (int i = 0; i < 3; ++i) h = relu(h);  // each frees the memory of the one before
  const Var target = g.input("target", {3});
  const Var ten = g.constant(Shape{3}, {10, 10, 10});
  const Var difference = (h - target) * ten;
  Tape<double> tape(g, {.rows = 2, .outputs = {difference}});
  tape.set(x, {1, 2, 3, 4, 5, 6});
  tape.set(target, {0.5, 0.25, 0, 1, 2, 3});
  const std::vector<double> expected = {5, 17.5, 30, 30, 30, 30};
  for (int run = 0; run < 2; ++run) {
    tape.forward();
    const View<const double> y = tape.value(difference);
    EXPECT_EQ(std::vector<double>(y.begin(), y.end()), expected);
  }
}

}  // namespace
}  // namespace chainrule
