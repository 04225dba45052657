// Bytes as an ONNX file.
#pragma once

#include "chainrule/io/onnx_import.h"

namespace chainrule::fuzz {

inline void read_onnx(std::span<const std::uint8_t> bytes) {
  from_onnx(onnx::decode(std::as_bytes(bytes), "m.onnx"), "m.onnx");
}

}  // namespace chainrule::fuzz
