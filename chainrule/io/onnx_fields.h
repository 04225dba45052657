// Numbers of the fields of onnx.proto that are written or read, for the encoder and the decoder.
#pragma once

#include <cstdint>

namespace chainrule::onnx {

enum class ModelField : std::uint32_t {
  ir = 1,
  producer = 2,
  producer_version = 3,
  graph = 7,
  opset = 8,
  metadata = 14
};
enum class OpsetField : std::uint32_t { domain = 1, version = 2 };
enum class EntryField : std::uint32_t { key = 1, value = 2 };
enum class GraphField : std::uint32_t {
  node = 1,
  name = 2,
  initializer = 5,
  input = 11,
  output = 12,
  known = 13,
  sparse_initializer = 15
};
enum class NodeField : std::uint32_t {
  input = 1,
  output = 2,
  name = 3,
  op = 4,
  attribute = 5,
  domain = 7
};
enum class AttributeField : std::uint32_t {
  name = 1,
  f = 2,
  i = 3,
  s = 4,
  t = 5,
  floats = 7,
  ints = 8,
  strings = 9,
  type = 20
};
/// AttributeProto.AttributeType.
enum AttributeType : std::int32_t {
  kFloat = 1,
  kInt,
  kString,
  kTensor,
  kGraph,
  kFloats,
  kInts,
  kStrings
};
enum class TensorField : std::uint32_t {
  dims = 1,
  type = 2,
  segment = 3,
  floats = 4,
  int32s = 5,
  int64s = 7,
  name = 8,
  raw = 9,
  doubles = 10,
  external = 13,
  location = 14
};
enum class PortField : std::uint32_t { name = 1, type = 2 };
enum class TypeField : std::uint32_t { tensor = 1 };
enum class TensorTypeField : std::uint32_t { element = 1, shape = 2 };
enum class ShapeField : std::uint32_t { dim = 1 };
enum class DimField : std::uint32_t { value = 1, symbol = 2 };

}  // namespace chainrule::onnx
