// ONNX files as plain structs: the part of the format that feed-forward networks use
// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). What they mean is onnx_export.cpp's and
// onnx_import.cpp's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "chainrule/core/shape.h"

namespace chainrule::onnx {

/// Element types by their numbers in TensorProto.DataType.
enum class Type : std::int32_t {
  none = 0,
  f32 = 1,
  u8 = 2,
  i32 = 6,
  i64 = 7,
  text = 8,
  boolean = 9,
  f16 = 10,
  f64 = 11,
  bf16 = 16
};
/// Is it FLOAT, DOUBLE, FLOAT16 or BFLOAT16?
bool is_real(std::int64_t type);
/// "FLOAT"; the number when it is none of the above.
std::string type_name(std::int64_t type);
/// Of one element; 0 for a type whose values are not read.
std::size_t element_bytes(std::int64_t type);

struct Tensor {
  std::string name;
  Type type = Type::f32;
  std::vector<Index> dims;
  std::vector<std::byte> bytes;  ///< little-endian, row-major

  Index size() const;
  std::vector<double> values() const;
  /// T is float, double or std::int64_t.
  template <class T>
  static Tensor of(std::string name, std::vector<Index> dims, std::span<const T> values) {
    const auto bytes = std::as_bytes(values);
    const Type type = std::is_same_v<T, float>    ? Type::f32
                      : std::is_same_v<T, double> ? Type::f64
                                                  : Type::i64;
    return {std::move(name), type, std::move(dims), {bytes.begin(), bytes.end()}};
  }
};

using Value = std::variant<float, std::int64_t, std::string, Tensor, std::vector<float>,
                           std::vector<std::int64_t>, std::vector<std::string>>;

struct Attribute {
  std::string name;
  Value value;
};

struct Node {
  std::string op, name, domain;
  std::vector<std::string> inputs, outputs;
  std::vector<Attribute> attributes;

  /// Null when there is none of that name.
  const Value* find(std::string_view attribute) const;
};

/// An axis of an input or output: a number, or a name such as "batch", or neither.
struct Axis {
  Index size = 0;
  std::string symbol;
};

struct Port {
  std::string name;
  std::int64_t type = 0;  ///< of Type, or another number of a file that was read
  std::vector<Axis> axes;
};

struct File {
  std::int64_t ir = 8, opset = 17;
  std::string producer, producer_version, graph_name;
  std::vector<Node> nodes;
  std::vector<Tensor> tensors;  ///< initializers
  std::vector<Port> inputs, outputs;
  std::vector<Port> known;  ///< of values inside: what a checker cannot find out, value_info
  bool uses_texts = false;  ///< operators of ai.onnx.ml are among the nodes
  std::map<std::string, std::string> metadata;
};

/// False when the program was built without protozero; then the functions below throw Error.
bool available();

/// The bytes of a file. Throws Error when they are more than 2 GiB, protobuf's limit.
std::string encode(const File& file);

/// Throws DataError: "ONNX file 'FILE' WHAT". Names in it come from the file: what is not printable
/// is shown as '?'.
[[noreturn]] void refuse(const std::string& file, std::string what);

/// Reads bytes that nobody vouches for. Throws DataError with one sentence that begins with `name`.
/// Nothing is allocated that the file's own length does not cover. Limits: 100,000 nodes and
/// initializers, 1,000 inputs or attributes of a node, names of 1,000 bytes without NUL, 16 axes.
/// Values stand in the file itself (external data are refused) and every value is computed before
/// it is used, so a graph has no cycles.
File decode(std::span<const std::byte> bytes, const std::string& name);
File read(const std::filesystem::path& path);

}  // namespace chainrule::onnx
