// libFuzzer: any bytes are arrays of numpy, or an error with a sentence.
#include "fuzz/readers/npy.h"
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return chainrule::fuzz::one_input<chainrule::DataError>(chainrule::fuzz::read_npy, {data, size});
}
