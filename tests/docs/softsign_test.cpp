#include "tests/docs/softsign.h"

#include "tests/check.h"

namespace chainrule::testing {
namespace {

TEST(Softsign, Gradient) {
  check([](Var x) { return softsign(x); }, {{4, 7}});
  check([](Var x) { return softsign(x); }, {{1}});
  check([](Var x) { return softsign(x); }, {Argument::param({3, 5})});
}

TEST(Softsign, ByHand) {
  expect_near(evaluate([](auto v) { return softsign(v[0]); }, {{{3}, {-1, 0, 3}}}),
              {-0.5, 0, 0.75});
}

}  // namespace
}  // namespace chainrule::testing
