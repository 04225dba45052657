// Texts of models that were changed at random.
#include "fuzz/readers/model_text.h"
#include "tests/mutations.h"

namespace chainrule::testing {
namespace {

TEST(Mutations, ModelText) {
  survive_mutations<Error>(fuzz::read_model_text, {}, "model_text", 2000);
}

}  // namespace
}  // namespace chainrule::testing
