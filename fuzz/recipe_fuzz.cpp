// libFuzzer: any bytes are a recipe, or an error with a sentence.
#include "fuzz/readers/recipe.h"
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return chainrule::fuzz::one_input<chainrule::DataError>(chainrule::fuzz::read_recipe_file,
                                                          {data, size});
}
