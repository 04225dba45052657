#include "chainrule/io/model_file.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "chainrule/core/error.h"
#include "chainrule/core/file_order.h"
#include "chainrule/core/plain_text.h"
#include "chainrule/io/json_limits-inl.h"
#include "chainrule/io/model_nodes.h"
#include "chainrule/io/schema_json.h"
#include "chainrule/model/layer_table.h"

namespace chainrule {
namespace {

using Json = nlohmann::ordered_json;

/// Raised when the metadata change in a way that older readers must not guess at.
constexpr std::string_view kFormat = "chainrule-2";
/// Of files that are still read: what rows and answers mean is spread over "preprocess" and
/// "classes".
constexpr std::string_view kFirstFormat = "chainrule-1";

[[noreturn]] void refuse_file(const std::string& file, const std::string& what) {
  throw DataError(without_controls(cat("'", file, "' ", what)));
}

std::vector<Index> dims_of(const Shape& shape) {
  return {shape.dims().begin(), shape.dims().end()};
}

Shape shape_from(const Json& json) {
  if (!json.is_array()) throw DataError("has metadata whose shape is no list");
  std::vector<Index> dims;
  for (const Json& d : json) dims.push_back(whole_number<Index>(d));
  return Shape(dims);
}

bool is_transposed(const Node& param) {
  return param.param_options.file_layout == FileLayout::transposed;
}

std::vector<Index> file_shape(const Node& param) {
  return is_transposed(param) ? FileOrder(param.shape).dims : dims_of(param.shape);
}

/// The elements of weights as files keep them, as float.
std::vector<float> to_file(std::span<const float> memory, const Shape& shape) {
  const FileOrder order(shape);
  std::vector<float> file(memory.size());
  for (std::size_t i = 0; i < memory.size(); ++i)
    file[static_cast<std::size_t>(order.in_file(static_cast<Index>(i)))] = memory[i];
  return file;
}

std::string listed(const std::vector<Index>& shape) {
  std::string s = "[";
  for (const Index d : shape) s += cat(s.size() > 1 ? ", " : "", d);
  return s + "]";
}

Json to_json(const ModelOptions& o) {
  Json json{{"loss", o.loss}, {"init", o.init}, {"seed", o.seed},
            {"l1", o.l1},     {"l2", o.l2},     {"label_smoothing", o.label_smoothing}};
  if (o.picture.rank() > 0) json["picture"] = dims_of(o.picture);
  return json;
}

ModelOptions options_from(const Json& json) {
  return {.loss = json.at("loss").get<std::string>(),
          .init = json.at("init").get<std::string>(),
          .seed = whole_number<std::uint64_t>(json.at("seed")),
          .l1 = json.at("l1").get<std::map<std::string, double>>(),
          .l2 = json.at("l2").get<std::map<std::string, double>>(),
          .label_smoothing = json.at("label_smoothing").get<double>(),
          .picture = json.contains("picture") ? shape_from(json.at("picture")) : Shape()};
}

/// A small file may not become a large model. A few more parameters than the file holds get a more
/// exact error when they are looked for.
void check_size(const SafeTensors& content, Index needed, const std::string& file) {
  constexpr Index kFew = 1 << 16;
  Index held = 0;
  for (const SafeTensor& t : content.tensors) held += t.size();
  if (needed - kFew > held)
    refuse_file(file, cat("describes a model of ", grouped(needed),
                          " parameters, its tensors hold ", grouped(held), " numbers"));
}

Model model_from(const SafeTensors& content, const std::string& file) {
  const auto field = [&](const char* key) -> const std::string& {
    const auto it = content.metadata.find(key);
    if (it == content.metadata.end())
      refuse_file(file, cat("holds tensors, but no model: its metadata has no '", key, "'"));
    return it->second;
  };
  const auto json = [&](const char* key) {
    try {
      return parse_json<Json>(field(key));
    } catch (const DataError& e) {
      refuse_file(file, cat("has metadata '", key, "' that ", e.what()));
    }
  };
  const bool first = field("format") == kFirstFormat;
  if (!first && field("format") != kFormat)
    refuse_file(file,
                cat("has format '", field("format").substr(0, 60), "', expected '", kFormat, "'"));
  const Shape features = shape_from(json("features"));
  constexpr Index kMostFeatures = Index{1} << 24;
  if (features.size() > kMostFeatures)
    refuse_file(file, cat("describes a model of ", grouped(features.size()), " features, at most ",
                          grouped(kMostFeatures), " are read"));
  const auto build = [&] {
    if (!content.metadata.contains("graph")) {
      const ModelOptions options = options_from(json("options"));
      check_size(content, parameter_count(field("model"), features, options.picture), file);
      return Model(field("model"), features, options);
    }
    ReadNodes read = read_nodes(field("graph"));
    Index parameters = 0;
    for (const int id : read.graph->params()) parameters += read.graph->node(id).shape.size();
    check_size(content, parameters, file);
    if (const std::string& text = field("model"); !text.empty()) {
      const Shape picture = options_from(json("options")).picture;
      const Index said = parameter_count(text, features, picture);
      check_size(content, said, file);
      if (said != parameters)
        refuse_file(file, cat("has a text of ", grouped(said), " parameters, and a graph of ",
                              grouped(parameters)));
    }
    return Model(std::move(read.graph), read.nodes, field("model"), features,
                 options_from(json("options")));
  };
  Model model = build();
  if (first)
    model.adopt(first_schema(field("preprocess"), field("classes"), model.outputs()));
  else
    model.schema = parse_schema(field("schema"));
  check_schema_of(model, file);
  model.metrics = json("metrics").get<std::map<std::string, double>>();
  return model;
}

}  // namespace

void check_schema_of(const Model& model, const std::string& file) {
  const Schema& s = model.schema;
  check_schema(s);
  const Index width = model.features().size(), outputs = model.outputs();
  if (!s.inputs.empty() && s.features() != width)
    refuse_file(file, cat("describes rows of ", grouped(s.features()), " features, its model has ",
                          grouped(width)));
  const auto labels = static_cast<Index>(s.labels.size());
  if (s.task == Task::classification && labels > 0 &&
      !(labels == outputs || (outputs == 1 && labels <= 2)))
    refuse_file(file, cat("names ", grouped(labels), " classes, its model has ", grouped(outputs),
                          outputs == 1 ? " output" : " outputs"));
  if (!model.text().empty() && s.task != Task::classification && !s.targets.empty() &&
      static_cast<Index>(s.targets.size()) != outputs)
    refuse_file(file, cat("describes ", s.targets.size(), " targets, its model has ",
                          grouped(outputs), outputs == 1 ? " output" : " outputs"));
}

void add_parameters(SafeTensors& content, const Model& model, std::span<const float> values,
                    const std::string& prefix) {
  const Graph& graph = model.graph();
  for (const int id : graph.params()) {
    const Node& node = graph.node(id);
    const auto offset = static_cast<std::size_t>(model.params().offset(node.param));
    if (offset >= values.size()) continue;
    const auto part = values.subspan(offset, static_cast<std::size_t>(node.shape.size()));
    const std::vector<float> data = is_transposed(node)
                                        ? to_file(part, node.shape)
                                        : std::vector<float>(part.begin(), part.end());
    content.tensors.push_back(
        SafeTensor::make(prefix + node.name, file_shape(node), std::span<const float>(data)));
  }
}

void read_parameters(std::span<float> values, const Model& model, const SafeTensors& content,
                     const std::string& prefix, bool finite, const std::string& file) {
  const Graph& graph = model.graph();
  for (const int id : graph.params()) {
    const Node& node = graph.node(id);
    const auto offset = static_cast<std::size_t>(model.params().offset(node.param));
    if (offset >= values.size()) continue;
    const std::string name = prefix + node.name;
    const SafeTensor* tensor = content.find(name);
    if (tensor == nullptr)
      refuse_file(file, cat("has no tensor '", name, "', which the model needs"));
    const std::vector<Index> expected = file_shape(node);
    if (tensor->shape != expected)
      refuse_file(file, cat("has '", name, "' with shape ", listed(tensor->shape),
                            ", the model expects ", listed(expected)));
    if (tensor->dtype == DType::i32 || tensor->dtype == DType::i64 || tensor->dtype == DType::u8)
      refuse_file(file, cat("has integers in '", name, "', expected floating point"));
    const std::vector<double> numbers = tensor->values();
    const auto bad = std::find_if(numbers.begin(), numbers.end(), [&](double v) {
      return finite && !std::isfinite(static_cast<float>(v));
    });
    if (bad != numbers.end())
      refuse_file(file,
                  cat("has ", *bad, " in '", name, "' at element ",
                      static_cast<Index>(bad - numbers.begin()), ", expected a finite number"));
    const auto to = values.subspan(offset, numbers.size());
    std::ranges::transform(numbers, to.begin(), [](double v) { return static_cast<float>(v); });
    if (!is_transposed(node)) continue;
    const FileOrder order(node.shape);
    for (std::size_t i = 0; i < numbers.size(); ++i)
      to[static_cast<std::size_t>(order.in_memory(static_cast<Index>(i)))] =
          static_cast<float>(numbers[i]);
  }
}

SafeTensors to_safetensors(const Model& model) {
  SafeTensors content;
  add_parameters(content, model, model.params().all(), "");
  return content;
}

void set_parameters(Model& model, const SafeTensors& content, const std::string& file) {
  read_parameters(model.params().all(), model, content, "", true, file);
  const Graph& graph = model.graph();
  std::vector<std::string> names;
  for (const int id : graph.params()) names.push_back(graph.node(id).name);
  const bool checkpoint = content.metadata.contains("run");
  for (const SafeTensor& tensor : content.tensors) {
    if (std::find(names.begin(), names.end(), tensor.name) != names.end()) continue;
    if (checkpoint && tensor.name.starts_with("run/")) continue;
    const std::string_view near = closest(tensor.name, names);
    refuse_file(file, cat("has a tensor '", tensor.name, "' that is no parameter of the model",
                          near.empty() ? std::string() : cat(" (nearest: '", near, "')")));
  }
}

std::map<std::string, std::string> model_metadata(const Model& model) {
  return {{"format", std::string(kFormat)},
          {"model", model.text()},
          {"graph", nodes_json(model)},
          {"features", Json(dims_of(model.features())).dump()},
          {"options", to_json(model.options()).dump()},
          {"schema", schema_text(model.schema)},
          {"metrics", Json(model.metrics).dump()}};
}

Model read_network(const SafeTensors& content, const std::string& file) {
  try {
    return model_from(content, file);
  } catch (const Json::exception&) {
    refuse_file(file, "has metadata of the wrong form");
  } catch (const DataError& e) {
    const std::string what = e.what();
    if (what.find(file) != what.npos) throw;
    refuse_file(file, what);
  } catch (const Error& e) {
    const std::string why = e.what();  // the lines below show a text that nobody typed
    refuse_file(file,
                cat("describes a model that cannot be built: ", why.substr(0, why.find('\n'))));
  }
}

Model read_model(const SafeTensors& content, const std::string& file) {
  Model model = read_network(content, file);
  set_parameters(model, content, file);
  return model;
}

void Model::save(const std::filesystem::path& path) const {
  SafeTensors content = to_safetensors(*this);
  content.metadata = model_metadata(*this);
  write_safetensors(path, content);
}

Model Model::load(const std::filesystem::path& path) {
  return read_model(read_safetensors(path), path.string());
}

}  // namespace chainrule
