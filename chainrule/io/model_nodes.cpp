#include "chainrule/io/model_nodes.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "chainrule/core/error.h"
#include "chainrule/graph/registry.h"
#include "chainrule/io/json_limits-inl.h"
#include "chainrule/layers/init.h"

namespace chainrule {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostNodes = 100'000;
constexpr Index kMostElements = Index{1} << 28;

constexpr std::pair<NodeKind, std::string_view> kKinds[] = {{NodeKind::input, "input"},
                                                            {NodeKind::class_input, "class_input"},
                                                            {NodeKind::constant, "constant"},
                                                            {NodeKind::param, "param"},
                                                            {NodeKind::op, "op"}};

std::vector<Index> dims_of_node(const Shape& s) { return {s.dims().begin(), s.dims().end()}; }

Json setting_json(const SettingValue& value) {
  return std::visit([](const auto& v) { return Json(v); }, value);
}

/// JSON has no infinity: such a number is text.
Json settings_json(const Op& op) {
  Json all = Json::object();
  for (const Setting& s : op.settings()) {
    const double* const number = std::get_if<double>(&s.value);
    all[s.name] =
        number != nullptr && !std::isfinite(*number) ? Json(exact(*number)) : setting_json(s.value);
  }
  return all;
}

Json param_json(const Node& node) {
  const ParamOptions& o = node.param_options;
  Json json{{"trainable", o.trainable}};
  if (o.file_layout == FileLayout::transposed) json["transposed"] = true;
  if (o.init) json["init"] = o.init.text();
  return json;
}

Json node_json(const Node& node) {
  Json json;
  for (const auto& [kind, name] : kKinds)
    if (kind == node.kind) json["kind"] = name;
  json["name"] = node.name;
  if (node.kind == NodeKind::op) {
    json["op"] = node.op->doc().name;
    if (find_op_kind(node.op->doc().name) == nullptr)
      throw Error(cat("'", node.name, "' cannot be saved: the operation ", node.op->doc().name,
                      " is not registered"));
    if (const Json settings = settings_json(*node.op); !settings.empty())
      json["settings"] = settings;
    json["inputs"] = node.inputs;
    return json;
  }
  json["shape"] = dims_of_node(node.shape);
  if (node.kind == NodeKind::class_input) json["classes"] = node.classes;
  if (node.kind == NodeKind::constant) json["values"] = node.constant;
  if (node.kind == NodeKind::param) json.update(param_json(node));
  return json;
}

SettingValue read_setting(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_array()) return json.get<std::vector<Index>>();
  if (json.is_string()) {  // not finite
    const auto text = json.get<std::string>();
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (text != "inf" && text != "-inf")
      throw DataError(cat("has a setting '", text.substr(0, 40), "'"));
    return text == "inf" ? kInfinity : -kInfinity;
  }
  if (json.is_number_integer()) return whole_number<Index>(json);
  return json.get<double>();
}

/// One node after another; each names only nodes before it.
class NodeReader {
 public:
  std::unique_ptr<Graph> read(const Json& nodes) {
    if (nodes.size() > kMostNodes)
      throw DataError(
          cat("has ", nodes.size(), " nodes, at most ", grouped(kMostNodes), " are read"));
    for (const Json& node : nodes) {
      const Var v = add(node);
      if (v.shape().size() > kMostElements)
        throw DataError(cat("has a node '", v.name(), "' of ", grouped(v.shape().size()),
                            " elements a row, at most ", grouped(kMostElements), " are read"));
    }
    return std::move(graph_);
  }

 private:
  Var add(const Json& node) {
    const auto kind = node.at("kind").get<std::string>();
    const auto name = node.at("name").get<std::string>();
    if (kind == "op") return graph_->rename(operation(node), name);
    const Shape shape(std::span<const Index>(node.at("shape").get<std::vector<Index>>()));
    if (kind == "input") return graph_->input(name, shape, kFile);
    if (kind == "class_input")
      return graph_->class_input(name, whole_number<Index>(node.at("classes")), shape, kFile);
    if (kind == "constant")
      return graph_->rename(
          graph_->constant(shape, node.at("values").get<std::vector<double>>(), kFile), name);
    if (kind != "param") throw DataError(cat("has a node of the kind '", kind.substr(0, 40), "'"));
    ParamOptions options;
    options.trainable = node.at("trainable").get<bool>();
    if (node.value("transposed", false)) {
      if (shape.rank() < 2) throw DataError("has a transposed parameter that is no matrix");
      options.file_layout = FileLayout::transposed;
    }
    if (const auto init = node.value("init", std::string()); !init.empty())
      options.init = initializer(init);
    return graph_->param(name, shape, options, kFile);
  }

  Var operation(const Json& node) {
    std::vector<Var> inputs;
    for (const Json& i : node.at("inputs")) {
      const auto id = whole_number<Index>(i);
      if (id < 0 || id >= graph_->size()) throw DataError(cat("has a node that reads node ", id));
      inputs.push_back(graph_->var(static_cast<int>(id)));
    }
    if (inputs.empty()) throw DataError("has an operation without inputs");
    SettingList settings;
    if (node.contains("settings"))
      for (const auto& [key, value] : node.at("settings").items())
        settings.push_back({key, read_setting(value)});
    return make_op(node.at("op").get<std::string>(), inputs, settings, kFile);
  }

  static constexpr Location kFile{};
  std::unique_ptr<Graph> graph_ = std::make_unique<Graph>();
};

}  // namespace

std::string nodes_json(const Model& model) {
  Json nodes = Json::array();
  const Graph& graph = model.graph();
  for (int id = 0; id < graph.size(); ++id) nodes.push_back(node_json(graph.node(id)));
  const ModelNodes n = model.nodes();
  return Json{{"nodes", nodes},     {"outputs", n.outputs},         {"target", n.target},
              {"weight", n.weight}, {"sample_loss", n.sample_loss}, {"loss", n.loss}}
      .dump();
}

ReadNodes read_nodes(const std::string& text) {
  const Json json = parse_json<Json>(text);
  ReadNodes read;
  read.graph = NodeReader().read(json.at("nodes"));
  read.nodes.outputs = json.at("outputs").get<std::vector<int>>();
  read.nodes.target = json.at("target").get<int>();
  read.nodes.weight = json.at("weight").get<int>();
  read.nodes.sample_loss = json.at("sample_loss").get<int>();
  read.nodes.loss = json.at("loss").get<int>();
  return read;
}

}  // namespace chainrule
