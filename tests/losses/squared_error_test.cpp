#include "chainrule/losses/squared_error.h"

#include "tests/losses/loss_run.h"

namespace chainrule::testing {
namespace {

const auto loss = [](Var x, Var t, LossOptions o = {}) { return squared_error(x, t, o); };

TEST(SquaredError, Gradient) {
  check_reductions<LossOptions>(loss, {4, 3}, {4, 3});
  check_reductions<LossOptions>(loss, {1, 1}, {1, 1});
  check_reductions<LossOptions>(loss, {5}, {5});
  check(loss, {{3, 2, 5}, {3, 2, 5}});
  check(loss, {{3, 1}, {3}});  // one number per row, with or without a feature axis
}

TEST(SquaredError, ByHand) {
  // Rows (1, 2) and (3, 0) against (0, 4) and (3, 1): (1 + 4) / 2 and (0 + 1) / 2.
  const std::vector<double> x{1, 2, 3, 0}, t{0, 4, 3, 1};
  const auto rows = [](Var a, Var b) { return loss(a, b, {.reduction = Reduction::none}); };
  expect_near(run_loss(rows, 2, x, t).loss, {2.5, 0.5});
  const auto [mean, dx] = run_loss(loss, 2, x, t);
  expect_near(mean, {1.5});
  expect_near(dx, {0.5, -1, 0, -0.5});
}

TEST(SquaredError, Reductions) {
  // Row losses 2.5 and 0.5 with weights 1 and 3.
  const auto weighted = [](Reduction reduction) {
    return evaluate(
        [&](auto v) {
          return squared_error(v[0], v[1], {.weights = v[2], .reduction = reduction});
        },
        {{{2}, {1, 2, 3, 0}}, {{2}, {0, 4, 3, 1}}, {{}, {1, 3}}});
  };
  expect_near(weighted(Reduction::mean), {1});
  expect_near(weighted(Reduction::sum), {4});
  expect_near(weighted(Reduction::none), {2.5, 1.5});
}

TEST(SquaredError, ShapesThatDoNotFit) {
  Graph g;
  const Var x = g.input("x", {2}), t = g.input("t", {3});
  const std::string error = error_of([&] { squared_error(x, t); });
  EXPECT_NE(error.find("[squared_error \"squared_error1\"] the output has shape [B, 2], the target "
                       "[B, 3], expected the same (squared_error_test.cpp:"),
            error.npos)
      << error;
  EXPECT_NE(error_of([&] {
              squared_error(x, g.class_input("y", 2));
            }).find("input 'y' holds class indices, expected numbers"),
            std::string::npos);
}

}  // namespace
}  // namespace chainrule::testing
