// What a file is, by its content: names do not matter.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace chainrule::data {

/// table: text that is none of the others. foreign: known, but not read here. unknown: no text.
enum class FileKind {
  table,
  arff,
  libsvm,
  npy,
  npz,
  idx,
  picture,
  safetensors,
  onnx,
  foreign,
  unknown
};

/// Recognises a file that is not packed. Throws DataError, beginning with `name`, for an empty one.
FileKind file_kind(std::span<const std::uint8_t> bytes, const std::string& name);

/// What a foreign file is and how to make one that is read, as the rest of a sentence: "a workbook
/// (.xlsx); save the sheet as CSV". Empty for others.
std::string how_to_convert(std::span<const std::uint8_t> bytes);

}  // namespace chainrule::data
