// Bytes as a safetensors file of any tensors, and as the parameters of a small model.
#pragma once

#include "chainrule/io/safetensors.h"
#include "chainrule/io/tensor_import.h"

namespace chainrule::fuzz {

inline void read_safetensors(std::span<const std::uint8_t> bytes) {
  const SafeTensors content = parse_safetensors(std::as_bytes(bytes), "t.safetensors");
  for (const SafeTensor& t : content.tensors) t.values();
  model_from_tensors(content, "linear 3, relu, linear 2", "t.safetensors");
}

}  // namespace chainrule::fuzz
