// onnx::decode(): bytes that nobody vouches for as the structs of onnx_format.h.
#include <algorithm>
#include <set>

#include "chainrule/core/error.h"
#include "chainrule/io/onnx_fields.h"
#include "chainrule/io/onnx_format.h"
#ifdef CHAINRULE_HAVE_PROTOZERO
#include "chainrule/io/protozero-inl.h"

namespace chainrule::onnx {
namespace {

constexpr std::size_t kMaxItems = 100'000;
constexpr std::size_t kMaxParts = 1'000;  // inputs, outputs, attributes of a node
constexpr std::size_t kMaxName = 1'000;
constexpr std::size_t kMaxMetadata = 1 << 20;
constexpr std::size_t kMaxAxes = 16;

using protozero::data_view;

/// Reads messages, one method each; every count is checked before it grows.
class Decoder {
 public:
  explicit Decoder(const std::string& file) : file_(file) {}

  File model(data_view bytes) {
    bool has_graph = false, has_opset = false;
    for (protozero::pbf_message<ModelField> m(bytes); m.next();) {
      switch (m.tag()) {
        case ModelField::ir:
          out_.ir = m.get_int64();
          break;
        case ModelField::producer:
          out_.producer = name(m.get_view());
          break;
        case ModelField::producer_version:
          out_.producer_version = name(m.get_view());
          break;
        case ModelField::graph:
          if (has_graph) fail("has two graphs");
          has_graph = true;
          graph(m.get_view());
          break;
        case ModelField::opset: {
          const auto [domain, version] = opset(m.get_view());
          if (domain.empty() || domain == "ai.onnx") out_.opset = version, has_opset = true;
          break;
        }
        case ModelField::metadata:
          metadata(m.get_view());
          break;
        default:
          m.skip();
      }
    }
    if (!has_graph) fail("has no graph");
    if (!has_opset) fail("names no operator set of ONNX");
    check_order();
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { refuse(file_, what); }

  void limit(std::size_t count, std::size_t most, std::string_view what) const {
    if (count >= most) fail(cat("has more than ", grouped(static_cast<Index>(most)), " ", what));
  }

  std::string name(data_view view) const {
    if (view.size() > kMaxName)
      fail(cat("has a name of ", view.size(), " bytes, at most ", kMaxName, " are read"));
    std::string text(view.data(), view.size());
    if (text.find('\0') != text.npos) fail("has a name with a zero byte in it");
    return text;
  }

  std::pair<std::string, std::int64_t> opset(data_view bytes) const {
    std::pair<std::string, std::int64_t> result;
    for (protozero::pbf_message<OpsetField> m(bytes); m.next();) {
      if (m.tag() == OpsetField::domain)
        result.first = name(m.get_view());
      else if (m.tag() == OpsetField::version)
        result.second = m.get_int64();
      else
        m.skip();
    }
    return result;
  }

  void metadata(data_view bytes) {
    limit(out_.metadata.size(), kMaxParts, "metadata");
    std::string key, value;
    for (protozero::pbf_message<EntryField> m(bytes); m.next();) {
      if (m.tag() == EntryField::key) {
        key = name(m.get_view());
      } else if (m.tag() == EntryField::value) {
        const data_view view = m.get_view();
        if (view.size() > kMaxMetadata) fail("has metadata of more than 1 MiB");
        value.assign(view.data(), view.size());
      } else {
        m.skip();
      }
    }
    out_.metadata[key] = value;
  }

  void graph(data_view bytes) {
    for (protozero::pbf_message<GraphField> m(bytes); m.next();) {
      switch (m.tag()) {
        case GraphField::node:
          limit(out_.nodes.size(), kMaxItems, "nodes");
          out_.nodes.push_back(node(m.get_view()));
          break;
        case GraphField::name:
          out_.graph_name = name(m.get_view());
          break;
        case GraphField::initializer:
          limit(out_.tensors.size(), kMaxItems, "initializers");
          out_.tensors.push_back(tensor(m.get_view()));
          break;
        case GraphField::input:
          limit(out_.inputs.size(), kMaxItems, "inputs");
          out_.inputs.push_back(port(m.get_view()));
          break;
        case GraphField::output:
          limit(out_.outputs.size(), kMaxItems, "outputs");
          out_.outputs.push_back(port(m.get_view()));
          break;
        case GraphField::known:
          limit(out_.known.size(), kMaxItems, "described values");
          out_.known.push_back(port(m.get_view()));
          break;
        case GraphField::sparse_initializer:
          fail("has sparse initializers, which are not read");
        default:
          m.skip();
      }
    }
  }

  Node node(data_view bytes) const {
    Node n;
    for (protozero::pbf_message<NodeField> m(bytes); m.next();) {
      switch (m.tag()) {
        case NodeField::input:
          limit(n.inputs.size(), kMaxParts, "inputs of one node");
          n.inputs.push_back(name(m.get_view()));
          break;
        case NodeField::output:
          limit(n.outputs.size(), kMaxParts, "outputs of one node");
          n.outputs.push_back(name(m.get_view()));
          break;
        case NodeField::name:
          n.name = name(m.get_view());
          break;
        case NodeField::op:
          n.op = name(m.get_view());
          break;
        case NodeField::domain:
          n.domain = name(m.get_view());
          break;
        case NodeField::attribute: {
          limit(n.attributes.size(), kMaxParts, "attributes of one node");
          n.attributes.push_back(attribute(m.get_view()));
          break;
        }
        default:
          m.skip();
      }
    }
    if (n.name.empty() && !n.outputs.empty()) n.name = n.outputs[0];
    return n;
  }

  /// Graphs, and lists of texts or tensors, are left out: no operator that is imported has any, and
  /// an operator that has is refused by its name. The type may stand after the value.
  Attribute attribute(data_view bytes) const {
    Attribute a;
    std::vector<float> floats;
    std::vector<std::int64_t> ints;
    for (protozero::pbf_message<AttributeField> m(bytes); m.next();) {
      const bool packed = m.wire_type() == protozero::pbf_wire_type::length_delimited;
      switch (m.tag()) {
        case AttributeField::name:
          a.name = name(m.get_view());
          break;
        case AttributeField::f:
          a.value = m.get_float();
          break;
        case AttributeField::i:
          a.value = m.get_int64();
          break;
        case AttributeField::s: {
          const data_view view = m.get_view();
          if (view.size() > kMaxMetadata) fail("has a text of more than 1 MiB");
          a.value = std::string(view.data(), view.size());
          break;
        }
        case AttributeField::t:
          a.value = tensor(m.get_view());
          break;
        case AttributeField::floats:
          if (packed)
            for (const float f : m.get_packed_float()) floats.push_back(f);
          else
            floats.push_back(m.get_float());
          break;
        case AttributeField::ints:
          if (packed)
            for (const std::int64_t i : m.get_packed_int64()) ints.push_back(i);
          else
            ints.push_back(m.get_int64());
          break;
        default:
          m.skip();
      }
    }
    if (!floats.empty()) a.value = std::move(floats);
    if (!ints.empty()) a.value = std::move(ints);
    return a;
  }

  template <class T>
  static void put(std::vector<std::byte>& bytes, T value) {
    const auto part = std::as_bytes(std::span(&value, 1));
    bytes.insert(bytes.end(), part.begin(), part.end());
  }

  Tensor tensor(data_view bytes) const {
    Tensor t;
    std::int64_t type = 0;
    std::vector<std::byte> listed;  // from float_data, int64_data, ...
    data_view raw;
    bool has_raw = false;
    for (protozero::pbf_message<TensorField> m(bytes); m.next();) {
      const bool packed = m.wire_type() == protozero::pbf_wire_type::length_delimited;
      switch (m.tag()) {
        case TensorField::dims: {
          const auto add = [&](std::int64_t d) {
            if (t.dims.size() == kMaxAxes)
              fail(cat("has a tensor of more than ", kMaxAxes, " axes"));
            t.dims.push_back(d);
          };
          if (packed)
            for (const std::int64_t d : m.get_packed_int64()) add(d);
          else
            add(m.get_int64());
          break;
        }
        case TensorField::type:
          type = m.get_int32();
          break;
        case TensorField::name:
          t.name = name(m.get_view());
          break;
        case TensorField::raw:
          raw = m.get_view();
          has_raw = true;
          break;
        case TensorField::floats:
          if (packed)
            for (const float v : m.get_packed_float()) put(listed, v);
          else
            put(listed, m.get_float());
          break;
        case TensorField::int32s:
          if (packed)
            for (const std::int32_t v : m.get_packed_int32()) put(listed, v);
          else
            put(listed, m.get_int32());
          break;
        case TensorField::int64s:
          if (packed)
            for (const std::int64_t v : m.get_packed_int64()) put(listed, v);
          else
            put(listed, m.get_int64());
          break;
        case TensorField::doubles:
          if (packed)
            for (const double v : m.get_packed_double()) put(listed, v);
          else
            put(listed, m.get_double());
          break;
        case TensorField::external:
          fail(cat("keeps the values of '", t.name, "' in another file, which is not read"));
        case TensorField::location:
          if (m.get_int32() != 0)
            fail(cat("keeps the values of '", t.name, "' in another file, which is not read"));
          break;
        case TensorField::segment:
          fail(cat("has the tensor '", t.name, "' in segments, which are not read"));
        default:
          m.skip();
      }
    }
    const std::size_t element = element_bytes(type);
    if (element == 0)
      fail(cat("has the tensor '", t.name, "' of ", type_name(type),
               ", expected FLOAT, DOUBLE, FLOAT16, BFLOAT16, INT32 or INT64"));
    t.type = static_cast<Type>(type);
    if (element == 2 && !has_raw) {  // listed as int32_data, the number in the lower half
      std::vector<std::byte> halves;
      for (std::size_t i = 0; i + 4 <= listed.size(); i += 4)
        halves.insert(halves.end(), listed.begin() + static_cast<std::ptrdiff_t>(i),
                      listed.begin() + static_cast<std::ptrdiff_t>(i + 2));
      listed = std::move(halves);
    }
    const std::size_t found = has_raw ? raw.size() : listed.size();
    if (bytes_needed(t, element, found) != found)
      fail(cat("has the tensor '", t.name, "' with ", found,
               " bytes of values, which is not what its dimensions need"));
    if (has_raw) {
      const auto part = std::as_bytes(std::span(raw.data(), raw.size()));
      t.bytes.assign(part.begin(), part.end());
    } else {
      t.bytes = std::move(listed);
    }
    return t;
  }

  /// By its dimensions; more than `found` when it is more.
  std::uint64_t bytes_needed(const Tensor& t, std::size_t element, std::uint64_t found) const {
    std::uint64_t bytes = element;
    const bool empty = std::ranges::find(t.dims, 0) != t.dims.end();
    for (const Index d : t.dims) {
      if (d < 0) fail(cat("has the tensor '", t.name, "' with a dimension of ", d));
      if (empty) continue;
      if (static_cast<std::uint64_t>(d) > found / bytes)
        fail(cat("has the tensor '", t.name, "' with a dimension of ", d, ", its values are ",
                 found, " bytes"));
      bytes *= static_cast<std::uint64_t>(d);
    }
    return empty ? 0 : bytes;
  }

  Port port(data_view bytes) const {
    Port p;
    for (protozero::pbf_message<PortField> m(bytes); m.next();) {
      if (m.tag() == PortField::name) {
        p.name = name(m.get_view());
      } else if (m.tag() == PortField::type) {
        for (protozero::pbf_message<TypeField> type(m.get_view()); type.next();) {
          if (type.tag() == TypeField::tensor)
            tensor_type(type.get_view(), p);
          else
            type.skip();
        }
      } else {
        m.skip();
      }
    }
    return p;
  }

  void tensor_type(data_view bytes, Port& p) const {
    for (protozero::pbf_message<TensorTypeField> m(bytes); m.next();) {
      if (m.tag() == TensorTypeField::element) {
        p.type = m.get_int32();
      } else if (m.tag() == TensorTypeField::shape) {
        for (protozero::pbf_message<ShapeField> shape(m.get_view()); shape.next();) {
          if (shape.tag() != ShapeField::dim) {
            shape.skip();
            continue;
          }
          limit(p.axes.size(), kMaxAxes, "axes of one value");
          p.axes.push_back(axis(shape.get_view()));
        }
      } else {
        m.skip();
      }
    }
  }

  Axis axis(data_view bytes) const {
    Axis a;
    for (protozero::pbf_message<DimField> m(bytes); m.next();) {
      if (m.tag() == DimField::value)
        a.size = m.get_int64();
      else if (m.tag() == DimField::symbol)
        a.symbol = name(m.get_view());
      else
        m.skip();
    }
    return a;
  }

  void check_order() const {
    std::set<std::string_view> known;
    for (const Tensor& t : out_.tensors)
      if (!known.insert(t.name).second) fail(cat("has two initializers named '", t.name, "'"));
    for (const Port& p : out_.inputs) known.insert(p.name);  // may have an initializer as default
    for (const Node& n : out_.nodes) {
      for (const std::string& input : n.inputs)
        if (!input.empty() && !known.contains(input))
          fail(cat("has the node '", n.name, "' (", n.op, ") that uses '", input,
                   "', which no node before it computes"));
      for (const std::string& output : n.outputs)
        if (!output.empty() && !known.insert(output).second)
          fail(cat("computes '", output, "' twice"));
    }
    for (const Port& p : out_.outputs)
      if (!known.contains(p.name)) fail(cat("has an output '", p.name, "' that no node computes"));
  }

  const std::string& file_;
  File out_;
};

}  // namespace

File decode(std::span<const std::byte> bytes, const std::string& name) {
  try {
    return Decoder(name).model(
        data_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  } catch (const protozero::exception&) {
    throw DataError(cat("'", name, "' is no ONNX file, or a damaged one"));
  }
}

}  // namespace chainrule::onnx

#endif
