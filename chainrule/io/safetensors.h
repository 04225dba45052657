// The safetensors format: 8 bytes little-endian header length, a JSON header, raw little-endian
// data (https://github.com/huggingface/safetensors#format).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/core/shape.h"

namespace chainrule {

/// Element types that are read here (floats of 16 bits are not written); a file with others is
/// refused by name.
enum class DType { f32, f64, f16, bf16, i32, i64, u8 };
/// "F32"; as in the file.
std::string_view to_string(DType);

struct SafeTensor {
  std::string name;
  DType dtype = DType::f32;
  std::vector<Index> shape;  ///< any number of axes, each may be 0
  std::vector<std::byte> bytes;

  Index size() const;
  /// The elements converted to double. Integers beyond 2^53 lose digits.
  std::vector<double> values() const;
  static SafeTensor make(std::string name, std::vector<Index> shape, std::span<const float> values);
  static SafeTensor make(std::string name, std::vector<Index> shape,
                         std::span<const double> values);
};

struct SafeTensors {
  std::map<std::string, std::string> metadata;
  std::vector<SafeTensor> tensors;

  /// Null when there is none of that name.
  const SafeTensor* find(std::string_view name) const;
};

/// Reads a whole file. Limits: header 4 MiB with at most 300,000 values, 16 GiB of data, 10,000
/// tensors of at most 16 axes, 1,000 metadata, names of 1,000 bytes without NUL.
/// Ranges must cover the data without gap or overlap, as the format demands. Nothing is allocated
/// that the file's own length does not cover. Throws DataError with one sentence.
SafeTensors read_safetensors(const std::filesystem::path& path);
SafeTensors parse_safetensors(std::span<const std::byte> file, const std::string& name);

/// Writes the tensors in the given order. The file is complete or absent, see write_file().
void write_safetensors(const std::filesystem::path& path, const SafeTensors& content);

}  // namespace chainrule
