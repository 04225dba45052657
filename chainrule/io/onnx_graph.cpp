#include "chainrule/io/onnx_graph.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <set>

#include "chainrule/core/error.h"
#include "chainrule/core/file_order.h"
#include "chainrule/graph/registry.h"
#include "chainrule/io/onnx_window.h"
#include "chainrule/ops/affine.h"
#include "chainrule/ops/batch_norm.h"
#include "chainrule/ops/bias.h"
#include "chainrule/ops/clip.h"
#include "chainrule/ops/concat.h"
#include "chainrule/ops/conv2d.h"
#include "chainrule/ops/dropout.h"
#include "chainrule/ops/gelu.h"
#include "chainrule/ops/layer_norm.h"
#include "chainrule/ops/matmul.h"
#include "chainrule/ops/pad.h"
#include "chainrule/ops/permute.h"
#include "chainrule/ops/pool2d.h"
#include "chainrule/ops/reduce_axes.h"
#include "chainrule/ops/reshape.h"
#include "chainrule/ops/softmax.h"

namespace chainrule::onnx {
namespace {

constexpr Location kFile{};
constexpr Index kMostElements = Index{1} << 24;

/// A value of the file: a node of the graph, or numbers that do not depend on the input.
struct Known {
  Var node;
  const Tensor* constant = nullptr;
  /// Pictures [B, H, W, C] of a value that the file has as [B, C, H, W]; `node` or this is empty
  /// until somebody needs it.
  Var pictures = {};
  bool computed() const { return node || pictures; }
};

class GraphReader {
 public:
  GraphReader(const File& file, const std::string& name) : file_(file), name_(name) {}

  ReadGraph read() {
    for (const Tensor& t : file_.tensors) values_[t.name].constant = &t;
    for (const Port& p : file_.inputs)
      if (!values_.contains(p.name)) values_[p.name].node = add_input(p);
    for (const Node& n : file_.nodes) {
      try {
        add(n);
      } catch (const DataError&) {
        throw;
      } catch (const Error& e) {
        const std::string why = e.what();  // the place in a source file says nothing here
        refuse(n, cat("that does not fit: ", why.substr(0, why.rfind(" ("))));
      }
    }
    for (const Port& p : file_.outputs) {
      const auto it = values_.find(p.name);
      if (it == values_.end() || !it->second.computed())
        onnx::refuse(name_, cat("has an output '", p.name, "' that depends on no input"));
      if (graph().node(as_in_file(it->second)).kind != NodeKind::op)
        onnx::refuse(name_, cat("has an output '", p.name, "' that no operation computes"));
      out_.outputs.push_back(it->second.node);
    }
    if (out_.outputs.empty()) onnx::refuse(name_, "has no outputs");
    return std::move(out_);
  }

 private:
  using Reader = Var (GraphReader::*)(const Node&);

  [[noreturn]] void refuse(const Node& n, std::string_view why) const {
    onnx::refuse(name_, cat("has the node '", n.name, "' (", n.op, ") ", why));
  }

  Graph& graph() { return *out_.graph; }

  Var add_input(const Port& p) {
    const auto wrong = [&](const std::string& why) {
      onnx::refuse(name_, cat("has an input '", p.name, "' ", why));
    };
    if (!is_real(p.type)) wrong(cat("of ", type_name(p.type), ", expected a floating-point type"));
    if (p.axes.size() < 2 || p.axes.size() > Shape::kMaxRank + 1)
      wrong(cat("of ", p.axes.size(), " axes, expected a batch and 1 to ", Shape::kMaxRank,
                " axes of features"));
    std::vector<Index> dims;
    for (std::size_t i = 1; i < p.axes.size(); ++i) {
      if (p.axes[i].size < 1 || !p.axes[i].symbol.empty())
        wrong(cat("whose axis ", i, " has no fixed length"));
      dims.push_back(p.axes[i].size);
    }
    try {
      return graph().input(p.name, Shape(std::span<const Index>(dims)), kFile);
    } catch (const ShapeError& e) {
      wrong(cat("of a size that cannot be: ", e.what()));
    }
    return {};
  }

  Known& value(const Node& n, std::size_t i) {
    if (i >= n.inputs.size() || n.inputs[i].empty()) refuse(n, cat("without its input ", i + 1));
    return values_.at(n.inputs[i]);
  }
  bool has(const Node& n, std::size_t i) const {
    return i < n.inputs.size() && !n.inputs[i].empty();
  }
  bool is_node(const Node& n, std::size_t i) { return value(n, i).computed(); }

  /// Axes of features; 0 for what stands in the file.
  static int rank_of(const Known& v) { return v.pictures ? 3 : v.node ? v.node.shape().rank() : 0; }

  /// Moves axes; where one of them is 1 alone the elements stay where they are.
  Var moved(const Var& x, const std::vector<Index>& order) {
    const Shape& s = x.shape();
    std::vector<Index> dims;
    for (const Index axis : order) dims.push_back(s[static_cast<int>(axis)]);
    const bool channels_last = order[0] == 1;
    const Index channels = s[channels_last ? 0 : 2];
    if (channels == 1 || s.size() == channels)
      return reshape(x, Shape(std::span<const Index>(dims)), kFile);
    return permute(x, order, kFile);
  }
  Var as_in_file(Known& v) {
    if (!v.node) v.node = moved(v.pictures, {2, 0, 1});
    return v.node;
  }
  Var as_pictures(const Node& n, std::size_t i) {
    Known& v = value(n, i);
    if (!v.computed()) refuse(n, cat("whose input ", i + 1, " stands in the file"));
    if (!v.pictures) {
      if (v.node.shape().rank() != 3)
        refuse(n, cat("whose input is ", v.node.shape().str(),
                      ", expected pictures: two axes after the channels"));
      v.pictures = moved(v.node, {1, 2, 0});
    }
    return v.pictures;
  }

  const Tensor& constant(const Node& n, std::size_t i, std::string_view what) {
    const Known& v = value(n, i);
    if (v.constant == nullptr)
      refuse(n, cat("whose ", what, " is computed; only one that stands in the file is read"));
    return *v.constant;
  }

  template <class T>
  T attribute(const Node& n, std::string_view key, T fallback) const {
    const Value* const v = n.find(key);
    if (v == nullptr) return fallback;
    if (const T* x = std::get_if<T>(v)) return *x;
    refuse(n, cat("whose ", key, " is of another type than expected"));
  }

  /// A parameter of these dimensions, made once for each name; `turned`: the file has [O, I, ...].
  Var parameter(const Node& n, const Tensor& t, std::vector<Index> dims, bool turned = false,
                double factor = 1, bool trainable = true) {
    const std::string key = cat(t.name, turned ? "/t" : "", factor == 1 ? "" : cat("/", factor));
    if (const auto it = parameters_.find(key); it != parameters_.end()) {
      if (it->second.shape() != Shape(std::span<const Index>(dims)))
        refuse(n, cat("that reads '", t.name, "' with other axes than a node before it"));
      return it->second;
    }
    const std::vector<double> from = t.values();
    std::vector<float> numbers(from.size());
    const std::optional<FileOrder> order =
        turned ? std::optional<FileOrder>(Shape(std::span<const Index>(dims))) : std::nullopt;
    for (std::size_t i = 0; i < from.size(); ++i)
      numbers[order ? static_cast<std::size_t>(order->in_memory(static_cast<Index>(i))) : i] =
          static_cast<float>(factor * from[i]);
    if (std::ranges::any_of(numbers, [](float x) { return !std::isfinite(x); }))
      refuse(n, cat("that reads '", t.name, "', expected a finite number in each place"));
    const std::string name = graph().has(t.name) ? graph().unused_name(t.name + "_") : t.name;
    const bool matrix = dims.size() == 2 || turned;
    const Var v = graph().param(name, Shape(std::span<const Index>(dims)),
                                {.init = {},
                                 .trainable = trainable,
                                 .file_layout = matrix ? FileLayout::transposed : FileLayout::same},
                                kFile);
    out_.values[graph().node(v).param] = std::move(numbers);
    parameters_.emplace(key, v);
    return v;
  }

  /// An operand: a node, a single number, or a parameter without the leading axes of length 1.
  Var operand(const Node& n, std::size_t i) {
    Known& v = value(n, i);
    if (v.computed()) return on_pictures_ ? as_pictures(n, i) : as_in_file(v);
    if (v.constant->size() == 1) return graph().constant(v.constant->values()[0], kFile);
    std::vector<Index> dims = v.constant->dims;
    while (dims.size() > 1 && dims[0] == 1) dims.erase(dims.begin());
    return parameter(n, *v.constant, dims);
  }

  /// The feature axis of an axis that counts the batch as 0; the last one alone where `last`.
  Index axis_of(const Node& n, std::int64_t axis, const Shape& x) const {
    const std::int64_t rank = x.rank() + 1;
    if (axis < 0) axis += rank;
    if (axis < 1 || axis >= rank)
      refuse(n, cat("along the axis ", axis, ", which is no feature's"));
    return axis - 1;
  }
  void expect_last(const Node& n, std::int64_t axis, const Shape& x) const {
    if (axis_of(n, axis, x) != x.rank() - 1)
      refuse(n, cat("along the axis ", axis, ", only the last one is read"));
  }

  Var matmul_node(const Node& n) {
    const Var x = operand(n, 0);
    if (is_node(n, 1)) return matmul(x, operand(n, 1), kFile);
    const Tensor& w = constant(n, 1, "weight");
    if (w.dims.size() != 2) refuse(n, "whose weight is not a matrix");
    return affine(x, parameter(n, w, w.dims), {}, kFile);
  }

  Var gemm(const Node& n) {
    if (attribute<std::int64_t>(n, "transA", 0) != 0) refuse(n, "that transposes its input");
    const bool turned = attribute<std::int64_t>(n, "transB", 0) != 0;
    const Tensor& w = constant(n, 1, "weight");
    if (w.dims.size() != 2) refuse(n, "whose weight is not a matrix");
    std::vector<Index> dims = w.dims;
    if (turned) std::swap(dims[0], dims[1]);
    const Var weight =
        parameter(n, w, dims, turned, static_cast<double>(attribute(n, "alpha", 1.0F)));
    Var b;
    if (has(n, 2)) {
      const Tensor& t = constant(n, 2, "bias");
      if (t.size() == dims[1])
        b = parameter(n, t, {dims[1]}, false, static_cast<double>(attribute(n, "beta", 1.0F)));
      else
        refuse(n, cat("whose bias has ", t.size(), " numbers, expected ", dims[1]));
    }
    return affine(operand(n, 0), weight, b, kFile);
  }

  Var reshape_node(const Node& n) {
    const Var x = operand(n, 0);
    if (n.op == "Flatten") {
      if (attribute<std::int64_t>(n, "axis", 1) != 1)
        refuse(n, "that does not put all features on one axis");
      return flatten(x, kFile);
    }
    const std::vector<double> wanted = constant(n, 1, "shape").values();
    if (wanted.size() < 2) refuse(n, "that leaves no axis of features");
    std::vector<Index> dims;
    Index known = 1, open = -1;
    for (std::size_t i = 1; i < wanted.size(); ++i) {
      Index d = static_cast<Index>(wanted[i]);
      if (d == 0 && static_cast<int>(i) <= x.shape().rank()) d = x.shape()[static_cast<int>(i) - 1];
      if (d == -1 && open < 0)
        open = static_cast<Index>(dims.size());
      else if (d < 1)
        refuse(n, cat("to an axis of ", d));
      else
        known *= d;
      dims.push_back(d);
    }
    if (open >= 0)
      dims[static_cast<std::size_t>(open)] = x.shape().size() / std::max<Index>(known, 1);
    return reshape(x, Shape(std::span<const Index>(dims)), kFile);
  }

  Var batch_norm_node(const Node& n) {
    if (n.inputs.size() != 5) refuse(n, "without five inputs");
    const Var x = on_pictures_ ? as_pictures(n, 0) : operand(n, 0);
    if (x.shape().rank() != 1 && !on_pictures_) refuse(n, "of two axes of features");
    const auto part = [&](std::size_t i, bool trainable) {
      const Tensor& t = constant(n, i, "parameter");
      return parameter(n, t, {t.size()}, false, 1, trainable);
    };
    return batch_norm(x, part(1, true), part(2, true), part(3, false), part(4, false),
                      {.momentum = 1 - static_cast<double>(attribute(n, "momentum", 0.9F)),
                       .epsilon = static_cast<double>(attribute(n, "epsilon", 1e-5F))},
                      kFile);
  }

  Var layer_norm_node(const Node& n) {
    const Var x = operand(n, 0);
    expect_last(n, attribute<std::int64_t>(n, "axis", -1), x.shape());
    const Tensor& scale = constant(n, 1, "scale");
    const Var gamma = parameter(n, scale, {scale.size()});
    const Var beta =
        has(n, 2)
            ? parameter(n, constant(n, 2, "bias"), {scale.size()})
            : graph().constant(Shape{scale.size()},
                               std::vector<double>(static_cast<std::size_t>(scale.size())), kFile);
    return layer_norm(x, gamma, beta, static_cast<double>(attribute(n, "epsilon", 1e-5F)), kFile);
  }

  Var clip_node(const Node& n) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    const auto limit = [&](std::size_t i, const char* key, double fallback) {
      if (has(n, i)) return constant(n, i, "limit").values().at(0);
      return static_cast<double>(attribute(n, key, static_cast<float>(fallback)));
    };
    return clip(operand(n, 0), limit(1, "min", -kInfinity), limit(2, "max", kInfinity), kFile);
  }

  Var concat_node(const Node& n) {
    std::vector<Var> parts;
    for (std::size_t i = 0; i < n.inputs.size(); ++i) parts.push_back(operand(n, i));
    if (parts.empty()) refuse(n, "without inputs");
    if (!on_pictures_) expect_last(n, attribute<std::int64_t>(n, "axis", -1), parts[0].shape());
    return concat(std::span<const Var>(parts), kFile);
  }

  Var softmax_node(const Node& n) {
    const Var x = operand(n, 0);
    expect_last(n, attribute<std::int64_t>(n, "axis", file_.opset < 13 ? 1 : -1), x.shape());
    return n.op == "Softmax" ? softmax(x, kFile) : log_softmax(x, kFile);
  }

  Var transpose_node(const Node& n) {
    std::vector<std::int64_t> perm = attribute(n, "perm", std::vector<std::int64_t>());
    if (on_pictures_) return as_in_file(value(n, 0));
    if (perm == std::vector<std::int64_t>{0, 2, 3, 1} && is_node(n, 0)) return as_pictures(n, 0);
    const Var x = operand(n, 0);
    std::vector<std::int64_t> same;
    for (std::int64_t i = 0; i <= x.shape().rank(); ++i) same.push_back(i);
    if (perm == same) return x;
    if (perm.empty() || perm[0] != 0) refuse(n, "that moves the batch to another axis");
    perm.erase(perm.begin());
    for (std::int64_t& axis : perm) --axis;
    return permute(x, perm, kFile);
  }

  Var conv_node(const Node& n) {
    const Var x = as_pictures(n, 0);
    const Tensor& w = constant(n, 1, "weight");
    if (w.dims.size() != 4) refuse(n, cat("of ", w.dims.size(), " axes of weights, expected 4"));
    const std::vector<Index> size{w.dims[2], w.dims[3]};
    const Window window = read_window(n, x.shape(), size);
    const Var filters = parameter(n, w, {size[0], size[1], w.dims[1], w.dims[0]}, true);
    const Var b = has(n, 2) ? parameter(n, constant(n, 2, "bias"), {w.dims[0]}) : Var();
    return conv2d(x, filters, b,
                  {.stride = window.stride,
                   .before = window.before,
                   .after = window.after,
                   .dilation = window.dilation,
                   .groups = attribute<std::int64_t>(n, "group", 1)},
                  kFile);
  }

  Var pool_node(const Node& n) {
    const Var x = as_pictures(n, 0);
    if (n.outputs.size() > 1 && !n.outputs[1].empty()) refuse(n, "that counts places");
    const Window w = read_window(n, x.shape(), {});
    if (w.dilation != std::vector<Index>{1, 1}) refuse(n, "with dilations");
    const Pool2dOptions options{
        .size = w.size, .stride = w.stride, .before = w.before, .after = w.after};
    return n.op == "MaxPool"
               ? max_pool2d(x, options, kFile)
               : avg_pool2d(x, options, attribute<std::int64_t>(n, "count_include_pad", 0) != 0,
                            kFile);
  }

  Var pad_node(const Node& n) {
    const Var x = operand(n, 0);
    if (attribute(n, "mode", std::string("constant")) != "constant")
      refuse(n, "that repeats what is at the edge");
    auto pads = attribute(n, "pads", std::vector<std::int64_t>());
    if (has(n, 1))
      for (const double p : constant(n, 1, "padding").values())
        pads.push_back(static_cast<std::int64_t>(p));
    const auto axes = static_cast<std::size_t>(x.shape().rank()) + 1;
    if (pads.size() != 2 * axes || pads[0] != 0 || pads[axes] != 0)
      refuse(n, cat("without two numbers for each axis of features of ", x.shape().str()));
    const double fill = has(n, 2) ? constant(n, 2, "value").values().at(0)
                                  : static_cast<double>(attribute(n, "value", 0.0F));
    const auto middle = pads.begin() + static_cast<std::ptrdiff_t>(axes);
    std::vector<Index> before(pads.begin() + 1, middle), after(middle + 1, pads.end());
    if (on_pictures_)  // the channels come first in the file
      for (auto* list : {&before, &after})
        std::rotate(list->begin(), list->begin() + 1, list->end());
    return pad(x, before, after, fill, kFile);
  }

  /// Axes of a ReduceMean, the batch counted as 0.
  std::vector<std::int64_t> mean_axes(const Node& n) {
    auto axes = attribute(n, "axes", std::vector<std::int64_t>());
    if (has(n, 1))
      for (const double axis : constant(n, 1, "axes").values())
        axes.push_back(static_cast<std::int64_t>(axis));
    for (std::int64_t& axis : axes)
      if (axis < 0) axis += rank_of(value(n, 0)) + 1;
    std::ranges::sort(axes);
    return axes;
  }
  bool means_pictures(const Node& n) {
    return n.op == "GlobalAveragePool" ||
           (rank_of(value(n, 0)) == 3 && mean_axes(n) == std::vector<std::int64_t>{2, 3});
  }

  Var mean_node(const Node& n) {
    const bool keep = n.op != "ReduceMean" || attribute<std::int64_t>(n, "keepdims", 1) != 0;
    if (means_pictures(n)) return mean(as_pictures(n, 0), {.axes = {0, 1}, .keep = keep}, kFile);
    std::vector<std::int64_t> axes = mean_axes(n);
    if (axes.empty() || axes[0] < 1) refuse(n, "over the rows");
    for (std::int64_t& axis : axes) --axis;
    return mean(operand(n, 0), {.axes = axes, .keep = keep}, kFile);
  }

  Var gelu_node(const Node& n) {
    return attribute(n, "approximate", std::string("none")) == "tanh"
               ? gelu_tanh(operand(n, 0), kFile)
               : gelu(operand(n, 0), kFile);
  }

  Var dropout_node(const Node& n) {
    double rate = static_cast<double>(attribute(n, "ratio", 0.5F));
    if (has(n, 1)) rate = constant(n, 1, "ratio").values().at(0);
    return dropout(operand(n, 0), rate, kFile);
  }

  Var same(const Node& n) { return operand(n, 0); }
  Var cast(const Node& n) {
    const auto to = attribute(n, "to", std::int64_t{0});
    if (!is_real(to))
      refuse(n, cat("to ", type_name(to), "; only floating-point numbers are kept"));
    return same(n);
  }

  /// Operators that become another number of operations, or bring parameters.
  static Reader own_reader(std::string_view op) {
    static const std::map<std::string_view, Reader> readers = {
        {"MatMul", &GraphReader::matmul_node},
        {"Gemm", &GraphReader::gemm},
        {"Flatten", &GraphReader::reshape_node},
        {"Reshape", &GraphReader::reshape_node},
        {"BatchNormalization", &GraphReader::batch_norm_node},
        {"LayerNormalization", &GraphReader::layer_norm_node},
        {"Clip", &GraphReader::clip_node},
        {"Concat", &GraphReader::concat_node},
        {"Softmax", &GraphReader::softmax_node},
        {"LogSoftmax", &GraphReader::softmax_node},
        {"Transpose", &GraphReader::transpose_node},
        {"Conv", &GraphReader::conv_node},
        {"MaxPool", &GraphReader::pool_node},
        {"AveragePool", &GraphReader::pool_node},
        {"GlobalAveragePool", &GraphReader::mean_node},
        {"Pad", &GraphReader::pad_node},
        {"ReduceMean", &GraphReader::mean_node},
        {"Gelu", &GraphReader::gelu_node},
        {"Dropout", &GraphReader::dropout_node},
        {"Identity", &GraphReader::same},
        {"Cast", &GraphReader::cast}};
    const auto it = readers.find(op);
    return it == readers.end() ? nullptr : it->second;
  }

  /// Operators whose result is pictures: those that demand them; and, where an input is known as
  /// pictures alone, those that treat all elements alike or all channels side by side.
  bool makes_pictures(const Node& n, const OpKind* kind) {
    static const std::set<std::string_view> kDemand = {"Conv", "MaxPool", "AveragePool",
                                                       "GlobalAveragePool"};
    static const std::set<std::string_view> kAlike = {"Clip", "Dropout", "Gelu", "Identity",
                                                      "Cast"};
    if (kDemand.contains(n.op)) return true;
    if (n.op == "ReduceMean")
      return attribute<std::int64_t>(n, "keepdims", 1) != 0 && means_pictures(n);
    if (n.op == "BatchNormalization") return rank_of(value(n, 0)) == 3;
    if (n.inputs.empty() || !is_node(n, 0)) return false;
    if (n.op == "Transpose")
      return rank_of(value(n, 0)) == 3 && attribute(n, "perm", std::vector<std::int64_t>()) ==
                                              std::vector<std::int64_t>{0, 3, 1, 2};
    std::vector<Known*> inputs;
    for (std::size_t i = 0; i < n.inputs.size(); ++i)
      if (has(n, i) && is_node(n, i)) inputs.push_back(&value(n, i));
    if (std::ranges::any_of(inputs, [](const Known* v) { return rank_of(*v) != 3; })) return false;
    if (n.op == "Concat") return attribute<std::int64_t>(n, "axis", -1) == 1;
    if (std::ranges::none_of(inputs, [](const Known* v) { return !v->node; })) return false;
    if (kAlike.contains(n.op) || (kind != nullptr && kind->traits->elementwise)) return true;
    // Two operands of one shape, or a single number with one.
    if (kind == nullptr || n.inputs.size() != 2) return false;
    if (inputs.size() == 1)
      return value(n, inputs[0] == &value(n, 0) ? 1 : 0).constant->size() == 1;
    return as_pictures(n, 0).shape() == as_pictures(n, 1).shape();
  }

  /// The operation that says that it is this operator; bias is one of two and takes a row.
  const OpKind* one_to_one(const Node& n) const {
    for (const auto& [name, kind] : op_kinds())
      if (kind.traits->onnx.name == n.op && kind.doc->inputs[0] != "..." &&
          (kind.unary() || kind.doc->inputs[1] != "b" || kind.doc->inputs[0] == "a"))
        return &kind;
    return nullptr;
  }

  Var by_registry(const Node& n, const OpKind& kind) {
    SettingList settings;
    const OnnxOperator& onnx = kind.traits->onnx;
    if (!onnx.attribute.empty())
      settings.push_back(
          {std::string(onnx.setting),
           static_cast<double>(attribute(n, onnx.attribute, static_cast<float>(onnx.fallback)))});
    std::vector<Var> inputs;
    for (std::size_t i = 0; i < n.inputs.size(); ++i) inputs.push_back(operand(n, i));
    if (kind.variadic() || inputs.size() <= kind.doc->inputs.size())
      return make_op(kind.name(), inputs, settings, kFile);
    Var all = inputs[0];  // of many operands two and two
    for (std::size_t i = 1; i < inputs.size(); ++i)
      all = make_op(kind.name(), {all, inputs[i]}, settings, kFile);
    return all;
  }

  void add(const Node& n) {
    if (!n.domain.empty() && n.domain != "ai.onnx")
      refuse(n, cat("of the domain '", n.domain, "', which is not imported"));
    if (n.op == "Constant") {
      const Value* const v = n.find("value");
      const Tensor* const t = v == nullptr ? nullptr : std::get_if<Tensor>(v);
      if (t == nullptr) refuse(n, "that is no tensor");
      values_[n.outputs.at(0)].constant = t;
      return;
    }
    if (n.op == "Identity" && !is_node(n, 0)) {
      values_[n.outputs.at(0)] = value(n, 0);
      return;
    }
    const Reader own = own_reader(n.op);
    const OpKind* const kind = own == nullptr ? one_to_one(n) : nullptr;
    if (own == nullptr && kind == nullptr) refuse(n, "which no operation here equals");
    on_pictures_ = makes_pictures(n, kind);
    Var v = own != nullptr ? (this->*own)(n) : by_registry(n, *kind);
    if (v.shape().size() > kMostElements)
      refuse(n, cat("that makes rows of ", grouped(v.shape().size()), " numbers"));
    (on_pictures_ ? values_[n.outputs.at(0)].pictures : values_[n.outputs.at(0)].node) = v;
  }

  const File& file_;
  const std::string& name_;
  ReadGraph out_{std::make_unique<Graph>(), {}, {}};
  std::map<std::string, Known> values_;
  bool on_pictures_ = false;  ///< the node that is read sees [B, H, W, C] and makes it
  std::map<std::string, Var> parameters_;
};

}  // namespace

ReadGraph read_graph(const File& file, const std::string& name) {
  return GraphReader(file, name).read();
}

}  // namespace chainrule::onnx
