#include "chainrule/io/onnx_export.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <set>

#include "chainrule/core/atomic_file.h"
#include "chainrule/core/error.h"
#include "chainrule/graph/registry.h"
#include "chainrule/io/model_file.h"
#include "chainrule/io/onnx_schema.h"

namespace chainrule {
namespace {

using onnx::Attribute;
using Names = std::vector<std::string>;

constexpr std::string_view kBatch = "batch";

/// The file as it grows.
class OnnxBuilder {
 public:
  explicit OnnxBuilder(const Graph& graph) : graph_(graph) {
    for (int id = 0; id < graph.size(); ++id) taken_.insert(graph.node(id).name);
  }

  const Graph& graph() const { return graph_; }
  onnx::File& file() { return file_; }

  std::string unused(std::string name) {
    for (int i = 2; !taken_.insert(name).second; ++i) name = cat(name, "_", i);
    return name;
  }

  std::string scalar(double value) {
    const float x = static_cast<float>(value);
    return constant(cat("number ", exact(static_cast<double>(x))), [&](std::string name) {
      return onnx::Tensor::floats(std::move(name), {}, std::span(&x, 1));
    });
  }

  std::string integers(const std::vector<std::int64_t>& values) {
    std::string text = "axes";
    for (const std::int64_t v : values) text += cat(" ", v);
    return constant(
        text, [&](std::string name) { return onnx::Tensor::integers(std::move(name), values); });
  }

 private:
  template <class Make>
  std::string constant(const std::string& text, Make make) {
    auto [it, is_new] = constants_.emplace(text, "");
    if (is_new) {
      it->second = unused(text);
      file_.tensors.push_back(make(it->second));
    }
    return it->second;
  }

  const Graph& graph_;
  onnx::File file_;
  std::set<std::string> taken_;
  std::map<std::string, std::string> constants_;  // by what they hold
};

/// One operation on its way into the file.
class OnnxStep {
 public:
  OnnxStep(OnnxBuilder& out, const Node& node, Names inputs)
      : out_(out), node_(node), inputs_(std::move(inputs)) {}

  int inputs() const { return static_cast<int>(inputs_.size()); }
  const std::string& in(int i = 0) const { return inputs_[static_cast<std::size_t>(i)]; }
  const Shape& shape(int i = 0) const {
    return out_.graph().node(node_.inputs[static_cast<std::size_t>(i)]).shape;
  }
  const Shape& result() const { return node_.shape; }
  double setting(std::string_view name) const { return node_.op->setting(name); }
  const std::vector<Index>& list(std::string_view name) const {
    static const std::vector<Index> kNone;
    for (const Setting& s : settings_)
      if (s.name == name) return std::get<std::vector<Index>>(s.value);
    return kNone;
  }
  /// A feature axis of the result as ONNX counts it: the batch is axis 0.
  std::int64_t axis(Index feature_axis) const {
    return feature_axis < 0 ? feature_axis : feature_axis + (result().batched() ? 1 : 0);
  }
  std::int64_t axis() const { return axis(static_cast<Index>(setting("axis"))); }

  /// Adds an operator and returns the name of what it computes.
  std::string op(const char* type, Names inputs, std::vector<Attribute> attributes = {}) {
    const std::string name = out_.unused(cat(node_.name, "/", type));
    out_.file().nodes.push_back({.op = type,
                                 .name = name,
                                 .domain = "",
                                 .inputs = std::move(inputs),
                                 .outputs = {name},
                                 .attributes = std::move(attributes)});
    return name;
  }
  std::string op(const char* type) { return op(type, inputs_); }

  std::string scalar(double value) { return out_.scalar(value); }
  std::string integers(const std::vector<std::int64_t>& values) { return out_.integers(values); }

  std::string unsqueeze(const std::string& x, std::int64_t from, std::int64_t to) {
    if (from == to) return x;
    std::vector<std::int64_t> axes;
    for (; from < to; ++from) axes.push_back(from);
    return op("Unsqueeze", {x, integers(axes)});
  }

  /// `shape` with its batch axis, if any, taken over from the input (0) or from what is left (-1).
  std::string reshape(const std::string& x, const Shape& shape, std::int64_t batch) {
    std::vector<std::int64_t> dims(shape.dims().begin(), shape.dims().end());
    if (shape.batched()) dims.insert(dims.begin(), batch);
    return op("Reshape", {x, integers(dims)});
  }

 private:
  OnnxBuilder& out_;
  const Node& node_;
  Names inputs_;
  SettingList settings_ = node_.op->settings();
};

/// Operands are aligned at their last axes, as ONNX aligns them, but a batch axis always meets a
/// batch axis: [B] + [B, 3] becomes [B, 1] + [B, 3].
std::string onnx_binary(OnnxStep& s, const char* type) {
  const auto aligned = [&](int i) {
    const Shape& x = s.shape(i);
    return x.batched() ? s.unsqueeze(s.in(i), 1, 1 + s.result().rank() - x.rank()) : s.in(i);
  };
  const std::string a = aligned(0);
  return s.op(type, {a, aligned(1)});
}

/// Leading axes are aligned like those of operands; a vector of each row becomes a matrix of one
/// row.
std::string onnx_matmul(OnnxStep& s) {
  const Shape &a = s.shape(0), &b = s.shape(1);
  if (!b.batched() && b.rank() == 2) return s.op("MatMul");
  const bool vector = a.batched() && a.rank() == 1;
  const int rank = std::max(vector ? 2 : a.rank(), b.rank());
  const std::string x = a.batched() ? s.unsqueeze(s.in(0), 1, 1 + rank - a.rank()) : s.in(0);
  const std::string w = b.batched() ? s.unsqueeze(s.in(1), 1, 1 + rank - b.rank()) : s.in(1);
  const std::string y = s.op("MatMul", {x, w});
  return vector ? s.op("Squeeze", {y, s.integers({rank - 1})}) : y;
}

std::string onnx_affine(OnnxStep& s) {
  if (s.shape().batched() && s.shape().rank() == 1) return s.op("Gemm");
  const std::string y = s.op("MatMul", {s.in(0), s.in(1)});
  return s.inputs() == 3 ? s.op("Add", {y, s.in(2)}) : y;
}

std::string onnx_gelu(OnnxStep& s) {
  const std::string scaled = s.op("Div", {s.in(), s.scalar(std::numbers::sqrt2)});
  const std::string shifted = s.op("Add", {s.op("Erf", {scaled}), s.scalar(1)});
  return s.op("Mul", {s.op("Mul", {s.in(), shifted}), s.scalar(0.5)});
}

/// x (1 + tanh(sqrt(2 / pi) x (1 + 0.044715 x^2))) / 2
std::string onnx_gelu_tanh(OnnxStep& s) {
  const std::string square = s.op("Mul", {s.in(), s.in()});
  const std::string cubic = s.op("Add", {s.op("Mul", {square, s.scalar(0.044715)}), s.scalar(1)});
  const std::string u =
      s.op("Mul", {s.op("Mul", {s.in(), cubic}), s.scalar(std::sqrt(2 / std::numbers::pi))});
  const std::string shifted = s.op("Add", {s.op("Tanh", {u}), s.scalar(1)});
  return s.op("Mul", {s.op("Mul", {s.in(), shifted}), s.scalar(0.5)});
}

std::string onnx_reshape(OnnxStep& s) {
  if (s.shape() == s.result()) return s.in();
  if (s.shape().batched() && s.shape().rank() > 0 && s.result().rank() == 1)
    return s.op("Flatten", {s.in()}, {{"axis", std::int64_t{1}}});
  return s.reshape(s.in(), s.result(), 0);
}

std::string onnx_concat(OnnxStep& s) {
  Names parts;
  for (int i = 0; i < s.inputs(); ++i) {
    const std::int64_t first = s.shape(i).batched() ? 1 : 0;
    parts.push_back(s.shape(i).rank() == 0 ? s.unsqueeze(s.in(i), first, first + 1) : s.in(i));
  }
  return s.op("Concat", parts, {{"axis", s.axis()}});
}

std::string onnx_slice(OnnxStep& s) {
  std::vector<std::int64_t> axes = s.list("axes"), end = s.list("end");
  for (std::int64_t& axis : axes) axis = s.axis(axis);
  for (std::int64_t& e : end)  // -1: down to the first element
    if (e < 0) e = std::numeric_limits<std::int64_t>::min();
  return s.op("Slice", {s.in(), s.integers(s.list("begin")), s.integers(end), s.integers(axes),
                        s.integers(s.list("step"))});
}

std::string onnx_transpose(OnnxStep& s) {
  const std::int64_t axes = s.shape().rank() + (s.shape().batched() ? 1 : 0);
  std::vector<std::int64_t> order;
  for (std::int64_t i = 0; i < axes; ++i) order.push_back(i);
  std::swap(order[order.size() - 2], order.back());
  return s.op("Transpose", {s.in()}, {{"perm", order}});
}

/// ONNX has the channels on the second axis, here they are on the last.
std::string onnx_batch_norm(OnnxStep& s) {
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

std::string onnx_clip(OnnxStep& s) {
  const double low = s.setting("low"), high = s.setting("high");
  Names inputs{s.in(), std::isfinite(low) ? s.scalar(low) : ""};
  if (std::isfinite(high)) inputs.push_back(s.scalar(high));
  return s.op("Clip", inputs);
}

enum class Axes { all, batch, features };

std::string onnx_reduce(OnnxStep& s, bool mean, Axes which) {
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
std::string onnx_weighted_mean(OnnxStep& s) {
  const auto total = [&](const std::string& x) {
    return s.op("ReduceSum", {x}, {{"keepdims", std::int64_t{0}}});
  };
  const std::string weights = total(s.in(1)), zero = s.scalar(0);
  const std::string nothing = s.op("Equal", {weights, zero});
  const std::string divisor = s.op("Where", {nothing, s.scalar(1), weights});
  const std::string mean = s.op("Div", {total(s.op("Mul")), divisor});
  return s.op("Where", {nothing, zero, mean});
}

using Writer = std::string (*)(OnnxStep&, const char* type);

template <std::string (*write)(OnnxStep&)>
std::string onnx_own(OnnxStep& s, const char*) {
  return write(s);
}

template <bool mean, Axes axes>
std::string onnx_reduction(OnnxStep& s, const char*) {
  return onnx_reduce(s, mean, axes);
}

std::string onnx_along(OnnxStep& s, const char* type) {
  return s.op(type, {s.in()}, {{"axis", s.axis()}});
}

/// An operation that names its operator itself.
std::string onnx_own_operator(OnnxStep& s, const OnnxOperator& onnx) {
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
    {"dropout", "", [](OnnxStep& s, const char*) { return s.in(); }},
    {"embedding", "Gather",
     [](OnnxStep& s, const char* type) {
       return s.op(type, {s.in(1), s.in(0)});
     }},
    {"gelu", "", onnx_own<onnx_gelu>},
    {"gelu_tanh", "", onnx_own<onnx_gelu_tanh>},
    {"layer_norm", "LayerNormalization",
     [](OnnxStep& s, const char* type) {
       return s.op(
           type, {s.in(0), s.in(1), s.in(2)},
           {{"axis", std::int64_t{-1}}, {"epsilon", static_cast<float>(s.setting("epsilon"))}});
     }},
    {"log_softmax", "LogSoftmax", onnx_along},
    {"matmul", "", onnx_own<onnx_matmul>},
    {"mean", "", onnx_reduction<true, Axes::all>},
    {"mean_batch", "", onnx_reduction<true, Axes::batch>},
    {"mean_features", "", onnx_reduction<true, Axes::features>},
    {"power", "Pow",
     [](OnnxStep& s, const char* type) {
       return s.op(type, {s.in(), s.scalar(s.setting("p"))});
     }},
    {"reshape", "", onnx_own<onnx_reshape>},
    {"silu", "",
     [](OnnxStep& s, const char*) {
       return s.op("Mul", {s.in(), s.op("Sigmoid", {s.in()})});
     }},
    {"slice", "", onnx_own<onnx_slice>},
    {"softmax", "Softmax", onnx_along},
    {"square", "",
     [](OnnxStep& s, const char*) {
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
      : params_(params), graph_(params.graph()), out_(graph_), outputs_(outputs) {}

  onnx::File run() {
    const std::vector<bool> needed = needed_nodes();
    names_.resize(static_cast<std::size_t>(graph_.size()));
    for (int id = 0; id < graph_.size(); ++id)
      if (needed[static_cast<std::size_t>(id)]) add(id);
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
    std::string& name = names_[static_cast<std::size_t>(id)];
    name = node.name;
    switch (node.kind) {
      case NodeKind::input:
        out_.file().inputs.push_back(port(name, node.shape.with_batch(true), onnx::Type::f32));
        break;
      case NodeKind::class_input:
        out_.file().inputs.push_back(port(name, node.shape.with_batch(true), onnx::Type::i64));
        break;
      case NodeKind::param:
        add_values(node, params_[node.param].span());
        break;
      case NodeKind::constant:
        add_values(node, std::vector<float>(node.constant.begin(), node.constant.end()));
        break;
      case NodeKind::op:
        name = add_op(node);
    }
  }

  void add_values(const Node& node, std::span<const float> values) {
    const auto dims = node.shape.dims();
    out_.file().tensors.push_back(
        onnx::Tensor::floats(node.name, {dims.begin(), dims.end()}, values));
  }

  std::string add_op(const Node& node) {
    const std::string_view op = node.op->doc().name;
    const OnnxOperator& onnx = node.op->traits().onnx;
    const auto mapping = std::ranges::find(kMappings, op, &OnnxMapping::name);
    if (mapping == std::end(kMappings) && onnx.name.empty())
      throw Error(cat("'", node.name, "' cannot be exported: ONNX has no counterpart of ", op));
    Names inputs;
    for (const int input : node.inputs) inputs.push_back(names_[static_cast<std::size_t>(input)]);
    OnnxStep step(out_, node, inputs);
    std::vector<onnx::Node>& nodes = out_.file().nodes;
    const std::size_t before = nodes.size();
    std::string result = mapping == std::end(kMappings) ? onnx_own_operator(step, onnx)
                                                        : mapping->write(step, mapping->type);
    // What the last operator computes bears the name that the node has here.
    if (nodes.size() > before) result = nodes.back().outputs[0] = node.name;
    return result;
  }

  /// An output bears a name of its own, and an operator computes it.
  void add_output(const OnnxOutput& o) {
    onnx::File& file = out_.file();
    std::string& name = names_[static_cast<std::size_t>(o.value.id())];
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
      std::ranges::replace(names_, std::string(name), renamed);
    }
    file.outputs.push_back(port(name, o.value.shape(), onnx::Type::f32));
  }

  const Params<float>& params_;
  const Graph& graph_;
  OnnxBuilder out_;
  std::span<const OnnxOutput> outputs_;
  Names names_;  ///< in the file, of each node that is needed
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
  for (const auto& [name, kind] : op_kinds())
    if (!kind.traits->onnx.name.empty()) names.push_back(name);
  return names;
}

}  // namespace chainrule
