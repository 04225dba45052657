// Formulas that were changed at random.
#include "fuzz/readers/formula.h"
#include "tests/mutations.h"

namespace chainrule::testing {
namespace {

TEST(Mutations, Formula) { survive_mutations<Error>(fuzz::read_formula, {}, "formula", 3000); }

}  // namespace
}  // namespace chainrule::testing
