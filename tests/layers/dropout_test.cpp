#include "chainrule/layers/dropout.h"

#include "tests/check.h"

namespace chainrule::testing {
namespace {

TEST(DropoutLayer, Gradient) {
  check([](Var x) { return Dropout{.rate = 0.3}(x, "dropout1"); }, {{4, 5}});
  check([](Var x) { return Dropout{}(x, "dropout1"); }, {{4, 5}}, {.training = false});
}

TEST(DropoutLayer, ByHand) {
  const auto layer = [](auto v) { return Dropout{.rate = 0.75}(v[0], "drop"); };
  expect_near(evaluate(layer, {{{3}, {1, 2, 3}}}), {1, 2, 3});
  int kept = 0;
  for (const double v :
       evaluate(layer, {{{1000}, std::vector<double>(1000, 1)}}, {.training = true, .seed = 5})) {
    EXPECT_TRUE(v == 0 || v == 4) << v;  // 1 / (1 - 0.75)
    kept += v != 0;
  }
  EXPECT_NEAR(kept, 250, 60);  // 4.4 standard deviations
}

TEST(DropoutLayer, Name) {
  Graph g;
  EXPECT_EQ(Dropout{}(g.input("x"), "drop").name(), "drop");
}

}  // namespace
}  // namespace chainrule::testing
