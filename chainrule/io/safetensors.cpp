#include "chainrule/io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "chainrule/core/error.h"
#include "chainrule/core/half.h"
#include "chainrule/core/plain_text.h"
#include "chainrule/files/atomic_file.h"
#include "chainrule/io/json_limits-inl.h"

static_assert(std::endian::native == std::endian::little,
              "safetensors data is little-endian; a big-endian port must swap bytes here");

namespace chainrule {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMaxHeader = 4 << 20;
constexpr std::uint64_t kMaxData = std::uint64_t{1} << 34;
constexpr std::size_t kMaxTensors = 10'000;
constexpr std::size_t kMaxName = 1'000;
constexpr std::size_t kMaxAxes = 16;

struct DTypeInfo {
  DType type;
  std::string_view name;
  std::size_t bytes;
};
constexpr DTypeInfo kTypes[] = {{DType::f32, "F32", 4}, {DType::f64, "F64", 8},
                                {DType::f16, "F16", 2}, {DType::bf16, "BF16", 2},
                                {DType::i32, "I32", 4}, {DType::i64, "I64", 8},
                                {DType::u8, "U8", 1}};

const DTypeInfo& info(DType type) {
  return *std::find_if(std::begin(kTypes), std::end(kTypes),
                       [&](const DTypeInfo& t) { return t.type == type; });
}

template <class T>
std::vector<double> to_double(const std::vector<std::byte>& bytes) {
  std::vector<double> values(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    T x;
    std::memcpy(&x, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<double>(x);
  }
  return values;
}

template <class T>
SafeTensor make_tensor(std::string name, DType type, std::vector<Index> shape,
                       std::span<const T> values) {
  SafeTensor t{.name = std::move(name), .dtype = type, .shape = std::move(shape), .bytes = {}};
  if (t.size() != static_cast<Index>(values.size()))
    throw Error(
        cat("tensor '", t.name, "' has ", values.size(), " values, its shape needs ", t.size()));
  const auto bytes = std::as_bytes(values);
  t.bytes.assign(bytes.begin(), bytes.end());
  return t;
}

/// One entry of the header, checked against the length of the data.
struct Entry {
  SafeTensor tensor;
  std::uint64_t begin, end;
};

class Parser {
 public:
  explicit Parser(const std::string& file) : file_(file) {}

  /// `next` fills what it is given with the bytes of the file that follow.
  template <class F>
  SafeTensors parse(std::uint64_t size, F next) const {
    std::uint64_t length = 0;
    if (size < sizeof length)
      fail(cat("has ", size, " bytes, expected at least 8 for the header's length"));
    next(std::as_writable_bytes(std::span(&length, 1)));
    const std::uint64_t rest = size - sizeof length;
    if (length > rest) fail(cat("claims a header of ", length, " bytes, only ", rest, " follow"));
    if (length > kMaxHeader)
      fail(cat("has a header of ", length, " bytes, at most ", kMaxHeader, " are read"));
    std::string text(static_cast<std::size_t>(length), '\0');
    next(std::as_writable_bytes(std::span(text)));

    const std::uint64_t data = rest - length;
    if (data > kMaxData) fail(cat("has ", data, " bytes of data, at most ", kMaxData, " are read"));
    SafeTensors content;
    std::vector<Entry> entries;
    const Json header = parse_header(text);
    for (const auto& [name, value] : header.items()) {
      if (name == "__metadata__")
        content.metadata = metadata(value);
      else
        entries.push_back(entry(name, value, data));
      if (entries.size() > kMaxTensors)
        fail(cat("has more than ", kMaxTensors, " tensors, the limit"));
    }
    for (Entry* e : in_order(entries, data)) {
      e->tensor.bytes.resize(static_cast<std::size_t>(e->end - e->begin));
      next(std::span(e->tensor.bytes));
    }
    for (Entry& e : entries) content.tensors.push_back(std::move(e.tensor));
    return content;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(without_controls(cat("safetensors file '", file_, "' ", what)));
  }

  Json parse_header(std::string_view text) const {
    std::set<std::string> names;
    const auto once = [&](const std::string& name) {
      if (!names.insert(name).second) throw DataError(cat("names '", name, "' twice"));
    };
    Json header;
    try {
      const JsonLimits limits{.depth = 3, .root_keys = kMaxTensors + 1};
      header = parse_json<Json>(text, limits, once);
    } catch (const Json::exception&) {
      fail("has a header that is not valid JSON");
    } catch (const DataError& e) {
      fail(cat("has a header that ", e.what()));
    }
    if (!header.is_object()) fail("has a header that is not a JSON object");
    return header;
  }

  std::map<std::string, std::string> metadata(const Json& value) const {
    if (!value.is_object()) fail("has metadata that is not a JSON object");
    std::map<std::string, std::string> result;
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) fail(cat("has metadata '", key, "' that is not text"));
      result[key] = text.get<std::string>();
    }
    return result;
  }

  std::uint64_t size(const std::string& name, const Json& value) const {
    if (!value.is_number_unsigned())
      fail(cat("has a size in tensor '", name, "' that is not a whole number from 0"));
    return value.get<std::uint64_t>();
  }

  Entry entry(const std::string& name, const Json& value, std::uint64_t data) const {
    if (name.empty() || name.size() > kMaxName || name.find('\0') != name.npos)
      fail(cat("has a tensor name that is empty, contains NUL or is longer than ", kMaxName));
    const auto field = [&](const char* key) -> const Json& {
      if (!value.is_object() || !value.contains(key))
        fail(cat("has a tensor '", name, "' without '", key, "'"));
      return value.at(key);
    };
    const Json& dtype = field("dtype");
    const DTypeInfo* type = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const auto& t) {
      return dtype.is_string() && dtype.get_ref<const std::string&>() == t.name;
    });
    if (type == std::end(kTypes))
      fail(cat("has a tensor '", name,
               "' of another type than F32, F64, F16, BF16, I32, I64 or U8"));

    Entry e{.tensor = {.name = name, .dtype = type->type}, .begin = 0, .end = 0};
    const Json& shape = field("shape");
    if (!shape.is_array() || shape.size() > kMaxAxes)
      fail(cat("has a tensor '", name, "' whose shape is no list of at most ", kMaxAxes, " sizes"));
    // Sizes may multiply beyond 64 bits; any axis of 0 makes the product 0.
    std::uint64_t bytes = type->bytes;
    bool too_large = false, nothing = false;
    for (const Json& axis : shape) {
      const std::uint64_t n = size(name, axis);
      if (n == 0) nothing = true;
      if (n > 0 && bytes > data / n) too_large = true;
      if (n > static_cast<std::uint64_t>(INT64_MAX)) too_large = true, nothing = false;
      if (!too_large && n > 0) bytes *= n;
      e.tensor.shape.push_back(static_cast<Index>(n));
    }
    if (nothing) bytes = 0, too_large = false;
    if (too_large)
      fail(cat("has a tensor '", name, "' larger than the ", data, " bytes of data in the file"));

    const Json& offsets = field("data_offsets");
    if (!offsets.is_array() || offsets.size() != 2)
      fail(cat("has a tensor '", name, "' whose data_offsets are not two numbers"));
    e.begin = size(name, offsets[0]), e.end = size(name, offsets[1]);
    if (e.begin > e.end || e.end > data)
      fail(cat("has a tensor '", name, "' at bytes ", e.begin, " to ", e.end,
               ", the data has bytes 0 to ", data));
    if (e.end - e.begin != bytes)
      fail(
          cat("has a tensor '", name, "' of ", e.end - e.begin, " bytes, its shape needs ", bytes));
    return e;
  }

  /// As they lie in the file, which they must cover.
  std::vector<Entry*> in_order(std::vector<Entry>& entries, std::uint64_t data) const {
    std::vector<Entry*> order;
    for (Entry& e : entries) order.push_back(&e);
    std::sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
      return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
    });
    std::uint64_t end = 0;
    for (const Entry* e : order) {
      if (e->begin != end)
        fail(cat("has a tensor '", e->tensor.name, "' that begins at byte ", e->begin,
                 " of the data, expected ", end, " (no gap, no overlap)"));
      end = e->end;
    }
    if (end != data) fail(cat("has ", data, " bytes of data, its tensors cover ", end));
    return order;
  }

  const std::string& file_;
};

}  // namespace

std::string_view to_string(DType type) { return info(type).name; }

Index SafeTensor::size() const {
  if (std::ranges::find(shape, 0) != shape.end()) return 0;  // the others may be of any length
  Index n = 1;
  for (const Index d : shape) n *= d;
  return n;
}

std::vector<double> SafeTensor::values() const {
  switch (dtype) {
    case DType::f32:
      return to_double<float>(bytes);
    case DType::f64:
      return to_double<double>(bytes);
    case DType::f16:
      return to_double<Half>(bytes);
    case DType::bf16:
      return to_double<BFloat>(bytes);
    case DType::i32:
      return to_double<std::int32_t>(bytes);
    case DType::i64:
      return to_double<std::int64_t>(bytes);
    case DType::u8:
      return to_double<std::uint8_t>(bytes);
  }
  return {};
}

SafeTensor SafeTensor::make(std::string name, std::vector<Index> shape,
                            std::span<const float> values) {
  return make_tensor(std::move(name), DType::f32, std::move(shape), values);
}

SafeTensor SafeTensor::make(std::string name, std::vector<Index> shape,
                            std::span<const double> values) {
  return make_tensor(std::move(name), DType::f64, std::move(shape), values);
}

const SafeTensor* SafeTensors::find(std::string_view name) const {
  const auto it = std::find_if(tensors.begin(), tensors.end(),
                               [&](const SafeTensor& t) { return t.name == name; });
  return it == tensors.end() ? nullptr : &*it;
}

SafeTensors parse_safetensors(std::span<const std::byte> file, const std::string& name) {
  return Parser(name).parse(file.size(), [&, rest = file](std::span<std::byte> to) mutable {
    std::copy_n(rest.begin(), to.size(), to.begin());
    rest = rest.subspan(to.size());
  });
}

SafeTensors read_safetensors(const std::filesystem::path& path) {
  std::error_code unknown;
  const std::uintmax_t size = std::filesystem::file_size(path, unknown);
  std::ifstream in(path, std::ios::binary);
  if (!in || unknown) throw DataError(cat("cannot open '", path.string(), "'"));
  return Parser(path.string()).parse(size, [&](std::span<std::byte> to) {
    if (!in.read(reinterpret_cast<char*>(to.data()), static_cast<std::streamsize>(to.size())))
      throw DataError(cat("cannot read '", path.string(), "'"));
  });
}

void write_safetensors(const std::filesystem::path& path, const SafeTensors& content) {
  Json header = Json::object();
  if (!content.metadata.empty()) header["__metadata__"] = content.metadata;
  std::uint64_t offset = 0;
  std::vector<std::byte> data;
  for (const SafeTensor& t : content.tensors) {
    if (header.contains(t.name)) throw Error(cat("two tensors are named '", t.name, "'"));
    header[t.name] = {{"dtype", info(t.dtype).name},
                      {"shape", t.shape},
                      {"data_offsets", {offset, offset + t.bytes.size()}}};
    offset += t.bytes.size();
    data.insert(data.end(), t.bytes.begin(), t.bytes.end());
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');  // keeps the data aligned
  const std::uint64_t length = text.size();
  write_file(path, {std::as_bytes(std::span(&length, 1)),
                    std::as_bytes(std::span(text.data(), text.size())), data});
}

}  // namespace chainrule
