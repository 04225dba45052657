// libFuzzer: any bytes are a formula, or an error with a sentence.
#include "fuzz/readers/formula.h"
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return chainrule::fuzz::one_input<chainrule::Error>(chainrule::fuzz::read_formula, {data, size});
}
