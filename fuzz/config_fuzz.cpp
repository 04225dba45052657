// libFuzzer: any bytes are a file of settings, or an error with a sentence.
#include "fuzz/readers/config.h"
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return chainrule::fuzz::one_input<chainrule::Error>(chainrule::fuzz::read_config, {data, size});
}
