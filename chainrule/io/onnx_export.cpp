#include "chainrule/io/onnx_export.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "chainrule/core/error.h"
#include "chainrule/core/file_order.h"
#include "chainrule/files/atomic_file.h"
#include "chainrule/graph/registry.h"
#include "chainrule/io/model_file.h"
#include "chainrule/io/onnx_pictures.h"
#include "chainrule/io/onnx_schema.h"
#include "chainrule/io/onnx_step.h"

namespace chainrule {
namespace {

using onnx::Attribute;
using onnx::Names;

constexpr std::string_view kBatch = "batch";

/// Operands are aligned at their last axes, as ONNX aligns them, but a batch axis always meets a
/// batch axis: [B] + [B, 3] becomes [B, 1] + [B, 3].
std::string onnx_binary(onnx::Step& s, const char* type) {
  const auto aligned = [&](int i) {
    const Shape& x = s.shape(i);
    return x.batched() ? s.unsqueeze(s.in(i), 1, 1 + s.result().rank() - x.rank()) : s.in(i);
  };
  const std::string a = aligned(0);
  return s.op(type, {a, aligned(1)});
}

/// Leading axes are aligned like those of operands; a vector of each row becomes a matrix of one
/// row.
std::string onnx_matmul(onnx::Step& s) {
  const Shape &a = s.shape(0), &b = s.shape(1);
  if (!b.batched() && b.rank() == 2) return s.op("MatMul");
  const bool vector = a.batched() && a.rank() == 1;
  const int rank = std::max(vector ? 2 : a.rank(), b.rank());
  const std::string x = a.batched() ? s.unsqueeze(s.in(0), 1, 1 + rank - a.rank()) : s.in(0);
  const std::string w = b.batched() ? s.unsqueeze(s.in(1), 1, 1 + rank - b.rank()) : s.in(1);
  const std::string y = s.op("MatMul", {x, w});
  return vector ? s.op("Squeeze", {y, s.integers({rank - 1})}) : y;
}

std::string onnx_affine(onnx::Step& s) {
  if (s.shape().batched() && s.shape().rank() == 1) return s.op("Gemm");
  const std::string y = s.op("MatMul", {s.in(0), s.in(1)});
  return s.inputs() == 3 ? s.op("Add", {y, s.in(2)}) : y;
}

std::string onnx_gelu(onnx::Step& s) {
  const std::string scaled = s.op("Div", {s.in(), s.scalar(std::numbers::sqrt2)});
  const std::string shifted = s.op("Add", {s.op("Erf", {scaled}), s.scalar(1)});
  return s.op("Mul", {s.op("Mul", {s.in(), shifted}), s.scalar(0.5)});
}

/// x (1 + tanh(sqrt(2 / pi) x (1 + 0.044715 x^2))) / 2
std::string onnx_gelu_tanh(onnx::Step& s) {
  const std::string square = s.op("Mul", {s.in(), s.in()});
  const std::string cubic = s.op("Add", {s.op("Mul", {square, s.scalar(0.044715)}), s.scalar(1)});
  const std::string u =
      s.op("Mul", {s.op("Mul", {s.in(), cubic}), s.scalar(std::sqrt(2 / std::numbers::pi))});
  const std::string shifted = s.op("Add", {s.op("Tanh", {u}), s.scalar(1)});
  return s.op("Mul", {s.op("Mul", {s.in(), shifted}), s.scalar(0.5)});
}

std::string onnx_reshape(onnx::Step& s) {
  if (s.shape() == s.result()) return s.in();
  if (s.shape().batched() && s.shape().rank() > 0 && s.result().rank() == 1)
    return s.op("Flatten", {s.in()}, {{"axis", std::int64_t{1}}});
  return s.reshape(s.in(), s.result(), 0);
}

std::string onnx_concat(onnx::Step& s) {
  Names parts;
  for (int i = 0; i < s.inputs(); ++i) {
    const std::int64_t first = s.shape(i).batched() ? 1 : 0;
    parts.push_back(s.shape(i).rank() == 0 ? s.unsqueeze(s.in(i), first, first + 1) : s.in(i));
  }
  return s.op("Concat", parts, {{"axis", s.axis()}});
}

std::string onnx_slice(onnx::Step& s) {
  std::vector<std::int64_t> axes = s.list("axes"), end = s.list("end");
  for (std::int64_t& axis : axes) axis = s.axis(axis);
  for (std::int64_t& e : end)  // -1: down to the first element
    if (e < 0) e = std::numeric_limits<std::int64_t>::min();
  return s.op("Slice", {s.in(), s.integers(s.list("begin")), s.integers(end), s.integers(axes),
                        s.integers(s.list("step"))});
}

std::string onnx_transpose(onnx::Step& s) {
  const std::int64_t axes = s.shape().rank() + (s.shape().batched() ? 1 : 0);
  std::vector<std::int64_t> order;
  for (std::int64_t i = 0; i < axes; ++i) order.push_back(i);
  std::swap(order[order.size() - 2], order.back());
  return s.op("Transpose", {s.in()}, {{"perm", order}});
}

/// ONNX has the channels on the second axis, here they are on the last.
std::string onnx_batch_norm(onnx::Step& s) {
  const auto number = [&](const char* name) { return static_cast<float>(s.setting(name)); };
  const std::vector<Attribute> attributes{{"epsilon", number("epsilon")},
                                          {"momentum", 1 - number("momentum")}};
  const bool flat = s.shape().rank() == 1;
  const std::string x =
      flat ? s.in() : s.op("Reshape", {s.in(), s.integers({-1, s.shape().last()})});
  const std::string y =
      s.op("BatchNormalization", {x, s.in(1), s.in(2), s.in(3), s.in(4)}, attributes);
  return flat ? y : s.reshape(y, s.result(), -1);
}

std::string onnx_clip(onnx::Step& s) {
  const double low = s.setting("low"), high = s.setting("high");
  Names inputs{s.in(), std::isfinite(low) ? s.scalar(low) : ""};
  if (std::isfinite(high)) inputs.push_back(s.scalar(high));
  return s.op("Clip", inputs);
}

enum class Axes { all, batch, features };

std::string onnx_reduce(onnx::Step& s, bool mean, Axes which) {
  const std::int64_t first = s.shape().batched() ? 1 : 0, end = first + s.shape().rank();
  std::vector<std::int64_t> axes;
  for (std::int64_t i = which == Axes::features ? first : 0; i < (which == Axes::batch ? 1 : end);
       ++i)
    axes.push_back(i);
  if (axes.empty()) return s.in();
  const Attribute drop{"keepdims", std::int64_t{0}};
  if (mean) return s.op("ReduceMean", {s.in()}, {{"axes", axes}, drop});
  return s.op("ReduceSum", {s.in(), s.integers(axes)}, {drop});
}

/// 0 when the weights add up to 0.
std::string onnx_weighted_mean(onnx::Step& s) {
  const auto total = [&](const std::string& x) {
    return s.op("ReduceSum", {x}, {{"keepdims", std::int64_t{0}}});
  };
  const std::string weights = total(s.in(1)), zero = s.scalar(0);
  const std::string nothing = s.op("Equal", {weights, zero});
  const std::string divisor = s.op("Where", {nothing, s.scalar(1), weights});
  const std::string mean = s.op("Div", {total(s.op("Mul")), divisor});
  return s.op("Where", {nothing, zero, mean});
}

std::string onnx_mean_axes(onnx::Step& s) {
  if (s.setting("batch") != 0) throw Error("over the rows, which ONNX has as an axis");
  std::vector<std::int64_t> axes = s.list("axes");
  const std::int64_t rank = s.shape().rank(), first = s.shape().batched() ? 1 : 0;
  for (std::int64_t& axis : axes) axis = first + (axis < 0 ? axis + rank : axis);
  return s.op("ReduceMean", {s.in()},
              {{"axes", axes}, {"keepdims", static_cast<std::int64_t>(s.setting("keep"))}});
}

std::string onnx_pad(onnx::Step& s) {
  std::vector<std::int64_t> pads;
  for (const char* side : {"before", "after"}) {
    if (s.shape().batched()) pads.push_back(0);
    pads.insert(pads.end(), s.list(side).begin(), s.list(side).end());
  }
  return s.op("Pad", {s.in(), s.integers(pads), s.scalar(s.setting("value"))});
}

std::string onnx_permute(onnx::Step& s) {
  std::vector<std::int64_t> order;
  const std::int64_t rank = s.shape().rank(), first = s.shape().batched() ? 1 : 0;
  if (first == 1) order.push_back(0);
  for (const Index axis : s.list("axes")) order.push_back(first + (axis < 0 ? axis + rank : axis));
  return s.op("Transpose", {s.in()}, {{"perm", order}});
}

using Writer = std::string (*)(onnx::Step&, const char* type);

template <std::string (*write)(onnx::Step&)>
std::string onnx_own(onnx::Step& s, const char*) {
  return write(s);
}

template <bool mean, Axes axes>
std::string onnx_reduction(onnx::Step& s, const char*) {
  return onnx_reduce(s, mean, axes);
}

std::string onnx_along(onnx::Step& s, const char* type) {
  return s.op(type, {s.in()}, {{"axis", s.axis()}});
}

/// An operation that names its operator itself.
std::string onnx_own_operator(onnx::Step& s, const OnnxOperator& onnx) {
  const std::string type(onnx.name);
  if (s.inputs() == 2) return onnx_binary(s, type.c_str());
  std::vector<Attribute> attributes;
  if (!onnx.attribute.empty())
    attributes.push_back(
        {std::string(onnx.attribute), static_cast<float>(s.setting(onnx.setting))});
  return s.op(type.c_str(), {s.in()}, std::move(attributes));
}

/// How operations are written that ONNX has in other words; what neither is here nor names its
/// operator has no counterpart.
struct OnnxMapping {
  std::string_view name;
  const char* type;  ///< ONNX's operator, where it is one
  Writer write;
};

const OnnxMapping kMappings[] = {
    {"affine", "", onnx_own<onnx_affine>},
    {"batch_norm", "", onnx_own<onnx_batch_norm>},
    {"clip", "", onnx_own<onnx_clip>},
    {"concat", "", onnx_own<onnx_concat>},
    {"dropout", "", [](onnx::Step& s, const char*) { return s.in(); }},
    {"embedding", "Gather",
     [](onnx::Step& s, const char* type) {
       return s.op(type, {s.in(1), s.in(0)});
     }},
    {"gelu", "", onnx_own<onnx_gelu>},
    {"gelu_tanh", "", onnx_own<onnx_gelu_tanh>},
    {"layer_norm", "LayerNormalization",
     [](onnx::Step& s, const char* type) {
       return s.op(
           type, {s.in(0), s.in(1), s.in(2)},
           {{"axis", std::int64_t{-1}}, {"epsilon", static_cast<float>(s.setting("epsilon"))}});
     }},
    {"log_softmax", "LogSoftmax", onnx_along},
    {"matmul", "", onnx_own<onnx_matmul>},
    {"mean", "", onnx_reduction<true, Axes::all>},
    {"mean_axes", "", onnx_own<onnx_mean_axes>},
    {"mean_batch", "", onnx_reduction<true, Axes::batch>},
    {"mean_features", "", onnx_reduction<true, Axes::features>},
    {"pad", "", onnx_own<onnx_pad>},
    {"permute", "", onnx_own<onnx_permute>},
    {"power", "Pow",
     [](onnx::Step& s, const char* type) {
       return s.op(type, {s.in(), s.scalar(s.setting("p"))});
     }},
    {"reshape", "", onnx_own<onnx_reshape>},
    {"silu", "",
     [](onnx::Step& s, const char*) {
       return s.op("Mul", {s.in(), s.op("Sigmoid", {s.in()})});
     }},
    {"slice", "", onnx_own<onnx_slice>},
    {"softmax", "Softmax", onnx_along},
    {"square", "",
     [](onnx::Step& s, const char*) {
       return s.op("Mul", {s.in(), s.in()});
     }},
    {"sum", "", onnx_reduction<false, Axes::all>},
    {"sum_batch", "", onnx_reduction<false, Axes::batch>},
    {"sum_features", "", onnx_reduction<false, Axes::features>},
    {"transpose", "", onnx_own<onnx_transpose>},
    {"weighted_mean", "", onnx_own<onnx_weighted_mean>},
};

onnx::Port port(const std::string& name, const Shape& shape, onnx::Type type) {
  onnx::Port p{.name = name, .type = static_cast<std::int64_t>(type), .axes = {}};
  if (shape.batched()) p.axes.push_back({.size = 0, .symbol = std::string(kBatch)});
  for (const Index d : shape.dims()) p.axes.push_back({.size = d, .symbol = ""});
  return p;
}

/// The walk over the graph.
class OnnxExport {
 public:
  OnnxExport(const Params<float>& params, std::span<const OnnxOutput> outputs)
      : params_(params), graph_(params.graph()), out_(graph_), names_(out_), outputs_(outputs) {}

  onnx::File run() {
    needed_ = needed_nodes();
    for (int id = 0; id < graph_.size(); ++id)
      if (needed_[static_cast<std::size_t>(id)]) add(id);
    for (const OnnxOutput& o : outputs_) add_output(o);
    onnx::File& file = out_.file();
    file.producer = "chainrule";
    file.producer_version = CHAINRULE_VERSION;
    file.graph_name = "network";
    return std::move(file);
  }

 private:
  std::vector<bool> needed_nodes() const {
    std::vector<bool> needed(static_cast<std::size_t>(graph_.size()), false);
    for (const OnnxOutput& o : outputs_) needed[static_cast<std::size_t>(o.value.id())] = true;
    for (int id = graph_.size() - 1; id >= 0; --id)
      if (needed[static_cast<std::size_t>(id)])
        for (const int input : graph_.node(id).inputs)
          needed[static_cast<std::size_t>(input)] = true;
    return needed;
  }

  void add(int id) {
    const Node& node = graph_.node(id);
    const std::string& name = node.name;
    names_.set_last(id, name);
    switch (node.kind) {
      case NodeKind::input:
        out_.file().inputs.push_back(port(name, node.shape.with_batch(true), onnx::Type::f32));
        break;
      case NodeKind::class_input:
        out_.file().inputs.push_back(port(name, node.shape.with_batch(true), onnx::Type::i64));
        break;
      case NodeKind::param:
        add_param(id, params_[node.param].span());
        break;
      case NodeKind::constant:
        add_values(node, std::vector<float>(node.constant.begin(), node.constant.end()));
        break;
      case NodeKind::op:
        names_.set_last(id, "");
        add_op(id);
    }
  }

  /// Filters lie in the file as ONNX has them, unless somebody reads them in another way.
  void add_param(int id, std::span<const float> values) {
    const Node& node = graph_.node(id);
    if (!onnx::is_filters(graph_, id, needed_)) return add_values(node, values);
    const FileOrder order(node.shape);
    std::vector<float> file(values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
      file[static_cast<std::size_t>(order.in_file(static_cast<Index>(i)))] = values[i];
    out_.file().tensors.push_back(
        onnx::Tensor::of(node.name, order.dims, std::span<const float>(file)));
    names_.set_second(id, node.name);
  }

  void add_values(const Node& node, std::span<const float> values) {
    const auto dims = node.shape.dims();
    out_.file().tensors.push_back(onnx::Tensor::of(node.name, {dims.begin(), dims.end()}, values));
  }

  void add_op(int id) {
    const Node& node = graph_.node(id);
    const std::string_view op = node.op->doc().name;
    const OnnxOperator& onnx = node.op->traits().onnx;
    const auto mapping = std::ranges::find(kMappings, op, &OnnxMapping::name);
    const onnx::PictureWriter picture = onnx::picture_writer(graph_, node);
    if (mapping == std::end(kMappings) && onnx.name.empty() && picture == nullptr)
      throw Error(cat("'", node.name, "' cannot be exported: ONNX has no counterpart of ", op));
    const bool second =
        picture != nullptr ||
        (onnx::keeps_axes(graph_, node) &&
         std::ranges::any_of(node.inputs, [&](int in) { return names_.only_second(in); }));
    onnx::Step step(out_, node, inputs_of(node, picture != nullptr, second));
    std::vector<onnx::Node>& nodes = out_.file().nodes;
    const std::size_t before = nodes.size();
    std::string result = picture != nullptr               ? picture(step)
                         : mapping == std::end(kMappings) ? onnx_own_operator(step, onnx)
                                                          : mapping->write(step, mapping->type);
    // What the last operator computes bears the name that the node has here.
    if (nodes.size() > before) result = nodes.back().outputs[0] = node.name;
    const bool pictures = second && node.shape.rank() == 3;
    pictures ? names_.set_second(id, std::move(result)) : names_.set_last(id, std::move(result));
  }

  /// `second`: pictures with their channels on the second axis; `first_alone`: the first input is,
  /// the others are parameters.
  Names inputs_of(const Node& node, bool first_alone, bool second) {
    Names inputs;
    for (const int in : node.inputs) {
      const bool pictures = first_alone ? inputs.empty() : graph_.node(in).shape == node.shape;
      if (second && pictures)
        inputs.push_back(names_.second(in));
      else if (node.op->traits().filter && inputs.size() == 1)
        inputs.push_back(filters(node, in));
      else
        inputs.push_back(names_.last(in));
    }
    return inputs;
  }

  std::string filters(const Node& node, int id) {
    if (onnx::is_filters(graph_, id, needed_) && graph_.node(id).kind == NodeKind::param)
      return names_.second(id);
    return out_.op(node, "Transpose", {names_.last(id)},
                   {{"perm", std::vector<std::int64_t>{3, 2, 0, 1}}});
  }

  /// An output bears a name of its own, and an operator computes it.
  void add_output(const OnnxOutput& o) {
    onnx::File& file = out_.file();
    std::string name = names_.last(o.value.id());
    const bool is_output =
        std::ranges::find(file.outputs, name, &onnx::Port::name) != file.outputs.end();
    const auto maker =
        std::ranges::find_if(file.nodes, [&](const onnx::Node& n) { return n.outputs[0] == name; });
    if (maker == file.nodes.end() || is_output) {
      const std::string copy = out_.unused(o.name.empty() ? name : o.name);
      file.nodes.push_back({.op = "Identity",
                            .name = out_.unused(copy + "/Identity"),
                            .domain = "",
                            .inputs = {name},
                            .outputs = {copy},
                            .attributes = {}});
      file.outputs.push_back(port(copy, o.value.shape(), onnx::Type::f32));
      return;
    }
    if (!o.name.empty() && o.name != name) {
      const std::string renamed = out_.unused(o.name);
      maker->outputs[0] = renamed;
      for (onnx::Node& n : file.nodes) std::ranges::replace(n.inputs, name, renamed);
      names_.rename(name, renamed);
      name = renamed;
    }
    file.outputs.push_back(port(name, o.value.shape(), onnx::Type::f32));
  }

  const Params<float>& params_;
  const Graph& graph_;
  onnx::Builder out_;
  onnx::PictureNames names_;
  std::span<const OnnxOutput> outputs_;
  std::vector<bool> needed_;
};

std::string_view output_name(OutputKind kind) {
  switch (kind) {
    case OutputKind::logits:
      return "logits";
    case OutputKind::probabilities:
      return "probabilities";
    case OutputKind::binary_logit:
      return "logit";
    case OutputKind::binary_probability:
      return "probability";
    case OutputKind::values:
      break;
  }
  return "values";
}

}  // namespace

onnx::File to_onnx(const Params<float>& params, std::span<const OnnxOutput> outputs) {
  return OnnxExport(params, outputs).run();
}

onnx::File to_onnx(const Model& model) {
  std::vector<OnnxOutput> outputs{{model.output(), std::string(output_name(model.schema.output))}};
  for (const Var& other : std::span(model.all_outputs()).subspan(1)) outputs.push_back({other, ""});
  onnx::File file = to_onnx(model.params(), outputs);
  file.metadata = model_metadata(model);
  return file;
}

onnx::File to_onnx_of_rows(const Model& model) {
  onnx::File file = to_onnx(model);
  if (file.inputs.size() == 1) onnx::add_schema(file, model.schema);
  return file;
}

std::vector<std::string_view> onnx_operations() {
  std::vector<std::string_view> names;
  for (const OnnxMapping& m : kMappings) names.push_back(m.name);
  for (const std::string_view name : onnx::picture_operations()) names.push_back(name);
  for (const auto& [name, kind] : op_kinds())
    if (!kind.traits->onnx.name.empty()) names.push_back(name);
  return names;
}

}  // namespace chainrule
