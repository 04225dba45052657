// libFuzzer: any bytes are the archive of CIFAR-10, or an error with a sentence.
#include "fuzz/readers/cifar.h"
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return chainrule::fuzz::one_input<chainrule::DataError>(chainrule::fuzz::read_cifar,
                                                          {data, size});
}
