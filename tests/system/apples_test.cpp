// The shop: apples and oranges with a tax, the smallest graphs that show the chain rule.
#include <gtest/gtest.h>

#include "chainrule/graph/tape.h"
#include "chainrule/ops/arithmetic.h"

namespace chainrule {
namespace {

TEST(Apples, PriceAndItsDerivatives) {
  Graph g;
  const Var apple = g.input("apple"), n = g.input("apple_num"), tax = g.input("tax");
  const Var price = apple * n * tax;
  Tape<double> tape(g);
  tape.set(apple, 100), tape.set(n, 2), tape.set(tax, 1.1);
  tape.forward();
  EXPECT_NEAR(tape.value(price), 220, 1e-12);
  tape.backward(price);
  EXPECT_NEAR(tape.grad(apple), 2.2, 1e-12);
  EXPECT_NEAR(tape.grad(n), 110, 1e-12);
  EXPECT_NEAR(tape.grad(tax), 200, 1e-12);
}

TEST(Apples, WithOranges) {
  Graph g;
  const Var apple = g.input("apple"), apple_num = g.input("apple_num");
  const Var orange = g.input("orange"), orange_num = g.input("orange_num"), tax = g.input("tax");
  const Var apples = apple * apple_num, oranges = orange * orange_num;
  const Var fruit = apples + oranges;
  const Var price = fruit * tax;
  Tape<double> tape(g);
  tape.set(apple, 100), tape.set(apple_num, 2);
  tape.set(orange, 150), tape.set(orange_num, 3), tape.set(tax, 1.1);
  tape.forward();
  EXPECT_NEAR(tape.value(apples), 200, 1e-12);
  EXPECT_NEAR(tape.value(oranges), 450, 1e-12);
  EXPECT_NEAR(tape.value(fruit), 650, 1e-12);
  EXPECT_NEAR(tape.value(price), 715, 1e-12);
  tape.backward(price);
  EXPECT_NEAR(tape.grad(apple_num), 110, 1e-12);
  EXPECT_NEAR(tape.grad(apple), 2.2, 1e-12);
  EXPECT_NEAR(tape.grad(orange), 3.3, 1e-12);
  EXPECT_NEAR(tape.grad(orange_num), 165, 1e-12);
  EXPECT_NEAR(tape.grad(tax), 650, 1e-12);
  for (const Var& v : {fruit, apples, oranges}) EXPECT_NEAR(tape.grad(v), 1.1, 1e-12);
}

}  // namespace
}  // namespace chainrule
