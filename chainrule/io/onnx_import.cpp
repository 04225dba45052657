#include "chainrule/io/onnx_import.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <string_view>

#include "chainrule/core/error.h"
#include "chainrule/graph/registry.h"
#include "chainrule/io/model_file.h"
#include "chainrule/io/onnx_graph.h"
#include "chainrule/io/onnx_layers.h"
#include "chainrule/io/onnx_schema.h"
#include "chainrule/io/tensor_import.h"
#include "chainrule/model/layer_table.h"
#include "chainrule/model/loss_table.h"
#include "chainrule/ops/reshape.h"

namespace chainrule {
namespace {

using onnx::Layer;

constexpr std::int64_t kLeastOpset = 6, kMostOpset = 24;

class OnnxImport {
 public:
  OnnxImport(const onnx::File& file, const std::string& name) : file_(file), name_(name) {}

  Model run(const OnnxImportOptions& options) {
    if (!options.loss.empty()) loss_kind(options.loss);  // throws what is wrong
    if (file_.opset < kLeastOpset || file_.opset > kMostOpset)
      fail(cat("uses the operator set ", file_.opset, ", those from ", kLeastOpset, " to ",
               kMostOpset, " are read"));
    // A chain of layers has a text; everything else is read node by node.
    try {
      return chain(options);
    } catch (const DataError&) {
      return any_graph(options);
    }
  }

 private:
  Model any_graph(const OnnxImportOptions& options) const {
    onnx::ReadGraph read = onnx::read_graph(file_, name_);
    const Var y = read.outputs[0].shape().rank() == 1 ? read.outputs[0] : flatten(read.outputs[0]);
    const Index width = y.shape().size();
    const Node& last = read.graph->node(y);
    const OpTraits traits = last.op == nullptr ? OpTraits{} : last.op->traits();
    const std::string name = options.loss.empty() ? default_loss(traits, width) : options.loss;
    const LossKind& loss = loss_kind(name);
    const std::string target = read.graph->has("y") ? read.graph->unused_name("target") : "y";
    const Var t = loss.class_target(width) ? read.graph->class_input(target, width)
                                           : read.graph->input(target, {width});
    std::vector<Var> outputs = read.outputs;
    outputs[0] = y;
    Model model(*read.graph, {.outputs = outputs,
                              .losses = {loss.build(y, t, {.loss = name}, Location::current())}});
    for (const auto& [param, values] : read.values)
      std::ranges::copy(values, model.params()[param].begin());
    name_classes(model);
    return model;
  }

  Model chain(const OnnxImportOptions& options) const {
    const onnx::Port& input = only_input();
    if (file_.outputs.size() != 1)
      fail(cat("has ", file_.outputs.size(), " outputs, a model has one"));
    const Shape features = features_of(input);
    const std::vector<Layer> layers = find_layers(file_, name_, input.name, file_.outputs[0].name);
    if (layers.empty()) fail("has no layers");
    check_shapes(layers, features);

    SafeTensors content = tensors(layers);
    const std::string text = text_of(layers);
    if (is_own(text)) {
      content.metadata = file_.metadata;
      return with_loss(read_model(content, name_), options.loss);
    }
    const std::string usual =
        default_loss(op_traits(layers.back().kind), outputs_of(layers, features));
    Model model = build(text, features, options.loss.empty() ? usual : options.loss);
    set_parameters(model, content, name_);
    name_classes(model);
    return model;
  }

  [[noreturn]] void fail(const std::string& what) const { onnx::refuse(name_, what); }
  [[noreturn]] void refuse(const Layer& l, const std::string& why) const {
    fail(cat("has the node '", l.node->name, "' (", l.node->op, ") ", why));
  }

  /// Initializers may be listed as inputs too.
  const onnx::Port& only_input() const {
    std::set<std::string_view> known;
    for (const onnx::Tensor& t : file_.tensors) known.insert(t.name);
    const onnx::Port* input = nullptr;
    std::size_t count = 0;
    for (const onnx::Port& p : file_.inputs)
      if (!known.contains(p.name)) input = &p, ++count;
    if (count != 1) fail(cat("has ", count, " inputs, a model has one"));
    return *input;
  }

  Shape features_of(const onnx::Port& input) const {
    const auto refuse_input = [&](const std::string& why) {
      fail(cat("has an input '", input.name, "' ", why));
    };
    if (!onnx::is_real(input.type))
      refuse_input(cat("of ", onnx::type_name(input.type), ", expected a floating-point type"));
    if (input.axes.size() < 2 || input.axes.size() > Shape::kMaxRank + 1)
      refuse_input(cat("of ", input.axes.size(), " axes, expected a batch and 1 to ",
                       Shape::kMaxRank, " axes of features"));
    std::vector<Index> dims;
    for (std::size_t i = 1; i < input.axes.size(); ++i) {
      if (input.axes[i].size < 1 || !input.axes[i].symbol.empty())
        refuse_input(cat("whose axis ", i, " has no fixed length"));
      dims.push_back(input.axes[i].size);
    }
    try {
      return Shape(dims);
    } catch (const ShapeError& e) {
      refuse_input(cat("of a size that cannot be: ", e.what()));
    }
    return {};
  }

  /// A layer of a model may see a shape otherwise than ONNX's operator does.
  void check_shapes(const std::vector<Layer>& layers, Shape shape) const {
    for (const Layer& l : layers) {
      const Index last = shape.last();
      const bool flat = shape.rank() == 1;
      if (l.kind == "linear" && !flat)
        refuse(l, "that is applied along the last of several axes, which no layer of a model does");
      if (l.kind == "batch_norm" && !flat)
        refuse(l, "of more than one axis of features, which no layer of a model is");
      if (l.axis != -1 && l.axis != shape.rank())
        refuse(l, cat("along the axis ", l.axis, ", a layer of a model works along the last"));
      if (!l.values.empty()) {
        const Index expected = l.values[0].dims.back();
        if (expected != last)
          refuse(l, cat("that expects ", expected, " features, its input has ", last));
      }
      if (l.kind == "flatten") {
        const Index all = shape.size();
        if (l.shape.size() == 2 && l.shape[1] != -1 && l.shape[1] != all)
          refuse(l, cat("that makes rows of ", l.shape[1], " from rows of ", all));
        shape = Shape{all};
      }
      if (l.kind != "linear") continue;
      const Index outputs = l.values[0].dims[0];
      if (outputs < 1) refuse(l, "that has no outputs");
      shape = Shape{outputs};
    }
  }

  static std::string text_of(const std::vector<Layer>& layers) {
    std::string text;
    for (const Layer& l : layers)
      text += cat(text.empty() ? "" : ", ", l.kind, l.arguments.empty() ? "" : " ", l.arguments);
    return text;
  }

  /// Under the names that a model of these layers gives its parameters.
  static SafeTensors tensors(const std::vector<Layer>& layers) {
    SafeTensors content;
    std::map<std::string_view, int> numbers;
    for (const Layer& l : layers) {
      const auto kind = std::ranges::find(layer_kinds(), l.kind, &LayerKind::name);
      const std::string name = cat(kind->prefix, ++numbers[kind->prefix]);
      for (const onnx::LayerValues& v : l.values)
        content.tensors.push_back(
            SafeTensor::make(cat(name, ".", v.part), v.dims, std::span<const float>(v.values)));
    }
    return content;
  }

  /// Does the file say that it was exported here, of these layers? Dropout, and a flatten that does
  /// nothing, are not in the graph.
  bool is_own(const std::string& text) const {
    const auto format = file_.metadata.find("format"), model = file_.metadata.find("model");
    if (file_.producer != "chainrule" || format == file_.metadata.end() ||
        model == file_.metadata.end())
      return false;
    try {
      const LayerSpecs one = parse_model(model->second), other = parse_model(text);
      return std::ranges::equal(
          essential(one), essential(other), [](const LayerSpec* a, const LayerSpec* b) {
            if (a->kind != b->kind || a->values.size() != b->values.size()) return false;
            for (std::size_t i = 0; i < a->values.size(); ++i)
              if (a->kind->fields[i].name != "init" && !same_value(a->values[i], b->values[i]))
                return false;
            return true;
          });
    } catch (const Error&) {
      return false;
    }
  }
  static std::vector<const LayerSpec*> essential(const LayerSpecs& layers) {
    std::vector<const LayerSpec*> all = flat(layers);
    std::erase_if(all, [](const LayerSpec* s) {
      return s->kind->name == "dropout" || s->kind->name == "flatten";
    });
    return all;
  }
  /// The graph has numbers of 32 bits.
  static bool same_value(const std::string& a, const std::string& b) {
    if (a == b) return true;
    char* end = nullptr;
    const double x = std::strtod(a.c_str(), &end), y = std::strtod(b.c_str(), nullptr);
    return end != a.c_str() && std::abs(x - y) <= 1e-5 * std::abs(x);
  }

  Model build(const std::string& text, const Shape& features, const std::string& loss) const {
    try {
      return Model(text, features, {.loss = loss});
    } catch (const DataError&) {
      throw;
    } catch (const Error& e) {
      const std::string text = e.what();  // its first line; the text of the model is not the user's
      fail(cat("holds a network that cannot be built: ", text.substr(0, text.find('\n'))));
    }
  }

  static Index outputs_of(const std::vector<Layer>& layers, const Shape& features) {
    Index outputs = features.size();
    for (const Layer& l : layers)
      if (l.kind == "linear") outputs = l.values[0].dims[0];
    return outputs;
  }

  /// Of a network of so many outputs that ends with an operation of these traits.
  static std::string default_loss(const OpTraits& last, Index outputs) {
    if (last.probabilities())
      return last.competes ? "categorical_cross_entropy" : "binary_cross_entropy";
    return outputs > 1 ? "softmax_cross_entropy" : "squared_error";
  }

  const onnx::File& file_;
  const std::string& name_;
};

}  // namespace

Model from_onnx(onnx::File file, const std::string& name, const OnnxImportOptions& options) {
  onnx::remove_schema(file);
  return OnnxImport(file, name).run(options);
}

Model import_onnx(const std::filesystem::path& path, const OnnxImportOptions& options) {
  return from_onnx(onnx::read(path), path.string(), options);
}

}  // namespace chainrule
