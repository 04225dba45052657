// libFuzzer: any bytes are a model file, or an error with a sentence.
#include "fuzz/readers/model_file.h"
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return chainrule::fuzz::one_input<chainrule::DataError>(chainrule::fuzz::read_model_file,
                                                          {data, size});
}
