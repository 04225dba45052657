// onnx::encode(): the structs of onnx_format.h as bytes.
#include <limits>

#include "chainrule/core/error.h"
#include "chainrule/io/onnx_fields.h"
#include "chainrule/io/onnx_format.h"
#ifdef CHAINRULE_HAVE_PROTOZERO
#include "chainrule/io/protozero-inl.h"

namespace chainrule::onnx {
namespace {

template <class Field>
protozero::pbf_tag_type tag(Field field) {
  return static_cast<protozero::pbf_tag_type>(field);
}

using Writer = protozero::pbf_writer;

void write(Writer out, const Tensor& t) {
  if (!t.dims.empty()) out.add_packed_int64(tag(TensorField::dims), t.dims.begin(), t.dims.end());
  out.add_int32(tag(TensorField::type), static_cast<std::int32_t>(t.type));
  if (!t.name.empty()) out.add_string(tag(TensorField::name), t.name);
  out.add_bytes(tag(TensorField::raw), reinterpret_cast<const char*>(t.bytes.data()),
                t.bytes.size());
}

void write(Writer out, const Attribute& a) {
  out.add_string(tag(AttributeField::name), a.name);
  std::int32_t type = 0;
  if (const auto* f = std::get_if<float>(&a.value))
    out.add_float(tag(AttributeField::f), *f), type = kFloat;
  if (const auto* i = std::get_if<std::int64_t>(&a.value))
    out.add_int64(tag(AttributeField::i), *i), type = kInt;
  if (const auto* s = std::get_if<std::string>(&a.value))
    out.add_bytes(tag(AttributeField::s), *s), type = kString;
  if (const auto* t = std::get_if<Tensor>(&a.value))
    write(Writer(out, tag(AttributeField::t)), *t), type = kTensor;
  // Not packed: onnx.proto is of the second version of the language.
  if (const auto* fs = std::get_if<std::vector<float> >(&a.value)) {
    for (const float f : *fs) out.add_float(tag(AttributeField::floats), f);
    type = kFloats;
  }
  if (const auto* is = std::get_if<std::vector<std::int64_t> >(&a.value)) {
    for (const std::int64_t i : *is) out.add_int64(tag(AttributeField::ints), i);
    type = kInts;
  }
  if (const auto* ss = std::get_if<std::vector<std::string> >(&a.value)) {
    for (const std::string& s : *ss) out.add_bytes(tag(AttributeField::strings), s);
    type = kStrings;
  }
  out.add_int32(tag(AttributeField::type), type);
}

void write(Writer out, const Node& n) {
  for (const std::string& input : n.inputs) out.add_string(tag(NodeField::input), input);
  for (const std::string& output : n.outputs) out.add_string(tag(NodeField::output), output);
  out.add_string(tag(NodeField::name), n.name);
  out.add_string(tag(NodeField::op), n.op);
  for (const Attribute& a : n.attributes) write(Writer(out, tag(NodeField::attribute)), a);
  if (!n.domain.empty()) out.add_string(tag(NodeField::domain), n.domain);
}

void write(Writer out, const Port& p) {
  out.add_string(tag(PortField::name), p.name);
  Writer type(out, tag(PortField::type));
  Writer tensor(type, tag(TypeField::tensor));
  tensor.add_int32(tag(TensorTypeField::element), static_cast<std::int32_t>(p.type));
  if (p.axes.empty())  // protozero leaves out a message without content, a scalar's shape is one
    return tensor.add_message(tag(TensorTypeField::shape), std::string());
  Writer shape(tensor, tag(TensorTypeField::shape));
  for (const Axis& axis : p.axes) {
    Writer dim(shape, tag(ShapeField::dim));
    if (axis.symbol.empty())
      dim.add_int64(tag(DimField::value), axis.size);
    else
      dim.add_string(tag(DimField::symbol), axis.symbol);
  }
}

void write(Writer out, const File& f) {
  for (const Node& n : f.nodes) write(Writer(out, tag(GraphField::node)), n);
  out.add_string(tag(GraphField::name), f.graph_name);
  for (const Tensor& t : f.tensors) write(Writer(out, tag(GraphField::initializer)), t);
  for (const Port& p : f.inputs) write(Writer(out, tag(GraphField::input)), p);
  for (const Port& p : f.outputs) write(Writer(out, tag(GraphField::output)), p);
  for (const Port& p : f.known) write(Writer(out, tag(GraphField::known)), p);
}

}  // namespace

std::string encode(const File& file) {
  std::size_t bytes = 0;
  for (const Tensor& t : file.tensors) bytes += t.bytes.size();
  if (bytes > std::numeric_limits<std::int32_t>::max() - (std::size_t{1} << 20))
    throw Error("a model of more than 2 GiB does not fit into one ONNX file");
  std::string text;
  text.reserve(bytes + (std::size_t{1} << 16));
  Writer out(text);
  out.add_int64(tag(ModelField::ir), file.ir);
  out.add_string(tag(ModelField::producer), file.producer);
  out.add_string(tag(ModelField::producer_version), file.producer_version);
  write(Writer(out, tag(ModelField::graph)), file);
  const auto add_opset = [&](const char* domain, std::int64_t version) {
    Writer opset(out, tag(ModelField::opset));
    opset.add_string(tag(OpsetField::domain), domain);
    opset.add_int64(tag(OpsetField::version), version);
  };
  add_opset("", file.opset);
  if (file.uses_texts) add_opset("ai.onnx.ml", 3);
  for (const auto& [key, value] : file.metadata) {
    Writer entry(out, tag(ModelField::metadata));
    entry.add_string(tag(EntryField::key), key);
    entry.add_string(tag(EntryField::value), value);
  }
  return text;
}

}  // namespace chainrule::onnx

#endif
