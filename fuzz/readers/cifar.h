// Bytes as the tar archive of CIFAR-10, unpacked.
#pragma once

#include "chainrule/data/cifar.h"

namespace chainrule::fuzz {

inline void read_cifar(std::span<const std::uint8_t> bytes) {
  data::parse_cifar10(bytes, "cifar.tar");
}

}  // namespace chainrule::fuzz
