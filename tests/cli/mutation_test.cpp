// Files of settings that were changed at random.
#include "fuzz/readers/config.h"
#include "tests/mutations.h"

namespace chainrule::testing {
namespace {

TEST(Mutations, Config) { survive_mutations<Error>(fuzz::read_config, {}, "config", 2000); }

}  // namespace
}  // namespace chainrule::testing
