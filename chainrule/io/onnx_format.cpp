#include "chainrule/io/onnx_format.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "chainrule/core/error.h"
#include "chainrule/core/half.h"
#include "chainrule/data/file.h"

static_assert(std::endian::native == std::endian::little,
              "ONNX data is little-endian; a big-endian port must swap bytes here");

namespace chainrule::onnx {
namespace {

template <class T>
void append_values(const std::vector<std::byte>& bytes, std::vector<double>& values) {
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
    T x;
    std::memcpy(&x, bytes.data() + at, sizeof x);
    values.push_back(static_cast<double>(x));
  }
}

}  // namespace

std::string type_name(std::int64_t type) {
  // TensorProto.DataType, from 0.
  constexpr std::string_view kNames[] = {"UNDEFINED",  "FLOAT",   "UINT8",  "INT8",   "UINT16",
                                         "INT16",      "INT32",   "INT64",  "STRING", "BOOL",
                                         "FLOAT16",    "DOUBLE",  "UINT32", "UINT64", "COMPLEX64",
                                         "COMPLEX128", "BFLOAT16"};
  if (type >= 0 && type < std::ssize(kNames))
    return std::string(kNames[static_cast<std::size_t>(type)]);
  return cat("type ", type);
}

bool is_real(std::int64_t type) {
  constexpr Type kReal[] = {Type::f32, Type::f64, Type::f16, Type::bf16};
  return std::ranges::find(kReal, static_cast<Type>(type)) != std::end(kReal);
}

std::size_t element_bytes(std::int64_t type) {
  switch (static_cast<Type>(type)) {
    case Type::f32:
    case Type::i32:
      return 4;
    case Type::f16:
    case Type::bf16:
      return 2;
    case Type::f64:
    case Type::i64:
      return 8;
    case Type::none:
    case Type::u8:
    case Type::text:
    case Type::boolean:
      break;
  }
  return 0;
}

Index Tensor::size() const {
  if (std::ranges::find(dims, 0) != dims.end()) return 0;  // the others may be of any length
  Index n = 1;
  for (const Index d : dims) n *= d;
  return n;
}

std::vector<double> Tensor::values() const {
  std::vector<double> v;
  v.reserve(static_cast<std::size_t>(size()));
  if (type == Type::f32) append_values<float>(bytes, v);
  if (type == Type::f64) append_values<double>(bytes, v);
  if (type == Type::f16) append_values<Half>(bytes, v);
  if (type == Type::bf16) append_values<BFloat>(bytes, v);
  if (type == Type::i32) append_values<std::int32_t>(bytes, v);
  if (type == Type::i64) append_values<std::int64_t>(bytes, v);
  return v;
}

const Value* Node::find(std::string_view attribute) const {
  const auto it = std::ranges::find(attributes, attribute, &Attribute::name);
  return it == attributes.end() ? nullptr : &it->value;
}

void refuse(const std::string& file, std::string what) {
  std::ranges::replace_if(
      what, [](char c) { return c < ' ' || c > '~'; }, '?');
  throw DataError(cat("ONNX file '", file, "' ", what));
}

File read(const std::filesystem::path& path) {
  const data::Bytes bytes = data::read_file(path);
  return decode(std::as_bytes(std::span(bytes)), path.string());
}

#ifdef CHAINRULE_HAVE_PROTOZERO

bool available() { return true; }

#else

namespace {
[[noreturn]] void missing() {
  throw Error(
      "ONNX files need protozero, which was not there when this was built "
      "(Debian's package libprotozero-dev)");
}
}  // namespace

bool available() { return false; }
std::string encode(const File&) { missing(); }
File decode(std::span<const std::byte>, const std::string&) { missing(); }

#endif

}  // namespace chainrule::onnx
