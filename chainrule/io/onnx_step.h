// What the export to ONNX consists of: the file as it grows, and one operation on its way into it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chainrule/graph/graph.h"
#include "chainrule/graph/op.h"
#include "chainrule/io/onnx_format.h"

namespace chainrule::onnx {

using Names = std::vector<std::string>;

/// The file as it grows.
class Builder {
 public:
  explicit Builder(const Graph& graph) : graph_(graph) {
    for (int id = 0; id < graph.size(); ++id) taken_.insert(graph.node(id).name);
  }

  const Graph& graph() const { return graph_; }
  File& file() { return file_; }

  std::string unused(std::string name) {
    for (int i = 2; !taken_.insert(name).second; ++i) name = cat(name, "_", i);
    return name;
  }

  std::string scalar(double value) {
    const float x = static_cast<float>(value);
    return constant(cat("number ", exact(static_cast<double>(x))), [&](std::string name) {
      return Tensor::of(std::move(name), {}, std::span(&x, 1));
    });
  }

  std::string integers(const std::vector<std::int64_t>& values) {
    std::string text = "axes";
    for (const std::int64_t v : values) text += cat(" ", v);
    return constant(text, [&](std::string name) {
      return Tensor::of(std::move(name), {std::ssize(values)},
                        std::span<const std::int64_t>(values));
    });
  }

  /// Adds an operator for a node and returns the name of what it computes.
  std::string op(const chainrule::Node& node, const char* type, Names inputs,
                 std::vector<Attribute> attributes = {}) {
    const std::string name = unused(cat(node.name, "/", type));
    file_.nodes.push_back({.op = type,
                           .name = name,
                           .domain = "",
                           .inputs = std::move(inputs),
                           .outputs = {name},
                           .attributes = std::move(attributes)});
    return name;
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
  File file_;
  std::set<std::string> taken_;
  std::map<std::string, std::string> constants_;  // by what they hold
};

/// One operation on its way into the file.
class Step {
 public:
  Step(Builder& out, const chainrule::Node& node, Names inputs)
      : out_(out), node_(node), inputs_(std::move(inputs)) {}

  int inputs() const { return static_cast<int>(inputs_.size()); }
  const Names& all() const { return inputs_; }
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
    return out_.op(node_, type, std::move(inputs), std::move(attributes));
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
  Builder& out_;
  const chainrule::Node& node_;
  Names inputs_;
  SettingList settings_ = node_.op->settings();
};

}  // namespace chainrule::onnx
