// libFuzzer: any bytes are a model's text, or an error with a sentence.
#include "fuzz/readers/model_text.h"
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return chainrule::fuzz::one_input<chainrule::Error>(chainrule::fuzz::read_model_text,
                                                      {data, size});
}
