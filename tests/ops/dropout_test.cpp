#include "chainrule/ops/dropout.h"

#include <algorithm>

#include "tests/check.h"

namespace chainrule::testing {
namespace {

TEST(Dropout, Gradient) {
  check([](Var x) { return dropout(x, 0.5); }, {{4, 7}});
  check([](Var x) { return dropout(x, 0.2); }, {{2, 3, 3}});
  check([](Var x) { return dropout(x, 0); }, {{1}});
  check([](Var x) { return dropout(x, 0.4); }, {Argument::param({3, 5})});
  check([](Var x) { return dropout(x, 0.5); }, {{4, 7}}, {.training = false});
  check([](Var x) { return dropout_channels(x, 0.5); }, {{3, 2, 2, 7}});
  check([](Var x) { return dropout_channels(x, 0.5); }, {Argument::param({4, 5})});
}

std::vector<double> drop(double rate, const Pass& pass, Index count = 10000) {
  return evaluate([=](auto v) { return dropout(v[0], rate); },
                  {{{}, std::vector<double>(static_cast<std::size_t>(count), 3)}}, pass);
}

TEST(Dropout, DropsOrScales) {
  const std::vector<double> y = drop(0.25, {.training = true, .seed = 5});
  const auto dropped = std::count(y.begin(), y.end(), 0.0),
             kept = std::count(y.begin(), y.end(), 4);
  EXPECT_EQ(dropped + kept, 10000);
  EXPECT_NEAR(static_cast<double>(dropped), 2500, 5 * 43.3);  // five standard deviations
  EXPECT_EQ(drop(0, {.training = true}), drop(0.25, {.training = false}));
}

// 2000 rows of two channels with three elements each.
TEST(Dropout, DropsWholeChannels) {
  const std::vector<double> ones(2000 * 6, 1);
  const auto y = evaluate([](auto v) { return dropout_channels(v[0], 0.25); }, {{{3, 2}, ones}},
                          {.training = true, .seed = 5});
  Index dropped = 0;
  for (std::size_t row = 0; row < y.size(); row += 6)
    for (std::size_t channel = row; channel < row + 2; ++channel) {
      EXPECT_EQ(y[channel], y[channel + 2]);
      EXPECT_EQ(y[channel], y[channel + 4]);
      dropped += y[channel] == 0;
    }
  EXPECT_NEAR(static_cast<double>(dropped), 1000, 5 * 27.4);  // five standard deviations
}

TEST(Dropout, IsFixedBySeedAndStep) {
  const Pass pass{.training = true, .seed = 5, .step = 1};
  EXPECT_EQ(drop(0.5, pass), drop(0.5, pass));
  EXPECT_NE(drop(0.5, pass), drop(0.5, {.training = true, .seed = 5, .step = 2}));
  EXPECT_NE(drop(0.5, pass), drop(0.5, {.training = true, .seed = 6, .step = 1}));
}

TEST(Dropout, TwoLayersDropDifferentElements) {
  const std::vector<double> ones(100, 1);
  const auto once =
      evaluate([](auto v) { return dropout(v[0], 0.5); }, {{{}, ones}}, {.training = true});
  const auto twice = evaluate([](auto v) { return dropout(dropout(v[0], 0.5), 0.5); }, {{{}, ones}},
                              {.training = true});
  EXPECT_LT(std::count(twice.begin(), twice.end(), 4),
            std::count(once.begin(), once.end(), 2) - 10);
}

TEST(Dropout, RejectsARateOutsideZeroToOne) {
  Graph g;
  const Var x = g.input("x");
  for (const double rate : {-0.1, 1.0, 1.5}) EXPECT_THROW(dropout(x, rate), Error);
}

}  // namespace
}  // namespace chainrule::testing
