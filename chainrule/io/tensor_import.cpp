#include "chainrule/io/tensor_import.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "chainrule/core/error.h"
#include "chainrule/io/model_file.h"
#include "chainrule/model/layer_table.h"

namespace chainrule {
namespace {

/// "fc1.weight" as "fc1" and "weight".
std::pair<std::string, std::string> split_name(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == name.npos) return {"", name};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

/// Stretches of digits compare as numbers: "2" before "10".
bool natural_less(std::string_view a, std::string_view b) {
  const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  while (!a.empty() && !b.empty()) {
    if (is_digit(a[0]) && is_digit(b[0])) {
      const auto number = [&](std::string_view& s) {
        const auto end = std::ranges::find_if_not(s, is_digit) - s.begin();
        std::string_view digits = s.substr(0, static_cast<std::size_t>(end));
        s.remove_prefix(digits.size());
        digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
        return digits;
      };
      const std::string_view x = number(a), y = number(b);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
    } else {
      if (a[0] != b[0]) return a[0] < b[0];
      a.remove_prefix(1), b.remove_prefix(1);
    }
  }
  return a.size() < b.size();
}

std::vector<std::string> modules(const SafeTensors& content) {
  std::vector<std::string> names;
  for (const SafeTensor& t : content.tensors) names.push_back(split_name(t.name).first);
  std::ranges::sort(names, natural_less);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

/// Names of the layers with parameters, in the order of the text.
std::vector<std::string> layers_with_parameters(const LayerSpecs& specs) {
  std::vector<std::string> names;
  std::map<std::string_view, int> numbers;
  for (const LayerSpec* s : flat(specs))
    if (s->kind->parameters) names.push_back(cat(s->kind->prefix, ++numbers[s->kind->prefix]));
  return names;
}

/// Under the model's names.
SafeTensors renamed(const SafeTensors& content, const std::vector<std::string>& layers,
                    const std::string& file) {
  SafeTensors result;
  for (const SafeTensor& t : content.tensors)
    if (split_name(t.name).second != "num_batches_tracked") result.tensors.push_back(t);
  const std::vector<std::string> given = modules(result);
  const auto is_layer = [&](const std::string& name) {
    return std::ranges::find(layers, name) != layers.end();
  };
  if (std::ranges::any_of(given, is_layer)) return result;
  if (given.size() != layers.size())
    throw DataError(cat("'", file, "' has tensors of ", given.size(), " modules, the model has ",
                        layers.size(), " layers with parameters"));
  for (SafeTensor& t : result.tensors) {
    const auto [module, part] = split_name(t.name);
    const auto at = std::ranges::find(given, module) - given.begin();
    t.name = cat(layers[static_cast<std::size_t>(at)], ".", part);
  }
  return result;
}

/// What the first layer with parameters works on: the last axis of its weight, else of its bias.
Shape features_from(const SafeTensors& content, const std::vector<std::string>& layers,
                    const std::string& file) {
  for (const char* part : {".weight", ".bias"})
    if (const SafeTensor* t = content.find(layers[0] + part);
        t != nullptr && !t->shape.empty() && t->shape.back() > 0)
      return Shape{t->shape.back()};
  throw DataError(cat("'", file, "' has no tensor '", layers[0],
                      ".weight', which the model's first layer needs"));
}

}  // namespace

Model with_loss(Model model, const std::string& loss) {
  if (loss.empty() || loss == model.options().loss) return model;
  ModelOptions options = model.options();
  options.loss = loss;
  options.label_smoothing = 0;
  Model result(model.text(), model.features(), options);
  std::ranges::copy(model.params().all(), result.params().all().begin());
  Schema schema = model.schema;
  // Another loss may mean another task; what classes are called stays.
  schema.task = schema.labels.empty() ? Task::automatic : Task::classification;
  result.adopt(std::move(schema));
  name_classes(result);
  return result;
}

void note_picture(Model& model) {
  const Shape& f = model.features();
  const bool channel = f.rank() == 3 && f[0] == 1;
  if (model.schema.inputs.empty() && (f.rank() == 2 || channel))
    model.schema.inputs = {picture_input({f[f.rank() - 2], f[f.rank() - 1]})};
}

void name_classes(Model& model) {
  Schema& s = model.schema;
  if (!s.labels.empty() || s.task != Task::classification) return;
  const Index classes = std::max<Index>(model.outputs(), 2);
  for (Index c = 0; c < classes; ++c) s.labels.push_back(cat(c));
  s.label_type = LabelType::integer;
}

Model model_from_tensors(const SafeTensors& content, std::string_view text, const std::string& file,
                         const Shape& features, const std::string& loss) {
  const std::vector<std::string> layers = layers_with_parameters(parse_model(text));
  if (layers.empty()) throw Error("the model has no layer with parameters to import");
  const SafeTensors own = renamed(content, layers, file);
  const Shape inputs = features.rank() > 0 ? features : features_from(own, layers, file);
  Model model(text, inputs, {.loss = loss.empty() ? "softmax_cross_entropy" : loss});
  set_parameters(model, own, file);
  if (loss.empty() && model.outputs() == 1) model = with_loss(std::move(model), "squared_error");
  name_classes(model);
  return model;
}

}  // namespace chainrule
