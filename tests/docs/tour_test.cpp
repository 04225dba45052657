#include <gtest/gtest.h>

#include "chainrule/graph/tape.h"
#include "chainrule/ops/arithmetic.h"

namespace chainrule {
namespace {

TEST(Tour, Apples) {
  Graph g;
  Var apple = g.input("apple"), n = g.input("apple_num"), tax = g.input("tax");
  Var price = apple * n * tax;
  Tape<double> tape(g);
  tape.set(apple, 100), tape.set(n, 2), tape.set(tax, 1.1);
  tape.forward(), tape.backward(price);
  // tape.value(price) is 220, tape.grad(apple) 2.2, tape.grad(n) 110, tape.grad(tax) 200
  EXPECT_NEAR(tape.value(price), 220, 1e-12);
  EXPECT_NEAR(tape.grad(apple), 2.2, 1e-12);
  EXPECT_NEAR(tape.grad(n), 110, 1e-12);
  EXPECT_NEAR(tape.grad(tax), 200, 1e-12);
}

}  // namespace
}  // namespace chainrule
