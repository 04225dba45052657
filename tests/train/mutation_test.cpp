// Checkpoints and recipes that were changed at random.
#include "fuzz/readers/checkpoint.h"
#include "fuzz/readers/recipe.h"
#include "tests/mutations.h"

namespace chainrule::testing {
namespace {

TEST(Mutations, Checkpoint) {
  survive_mutations<DataError>(fuzz::read_checkpoint_file, {}, "checkpoint", 1000);
}

TEST(Mutations, Recipe) {
  survive_mutations<DataError>(fuzz::read_recipe_file, {}, "recipe", 1000);
}

}  // namespace
}  // namespace chainrule::testing
