// Bytes as a checkpoint. Its checksum is made right first: it would hide what it covers.
#pragma once

#include "chainrule/io/safetensors.h"
#include "chainrule/train/checkpoint.h"

namespace chainrule::fuzz {

inline void read_checkpoint_file(std::span<const std::uint8_t> bytes) {
  SafeTensors content = parse_safetensors(std::as_bytes(bytes), "c.safetensors");
  content.metadata["checksum"] = checkpoint_checksum(content);
  read_checkpoint(content, "c.safetensors");
}

}  // namespace chainrule::fuzz
