#include "chainrule/io/schema_json.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "chainrule/core/error.h"
#include "chainrule/io/json_limits-inl.h"

namespace chainrule {
namespace {

using SchemaJson = nlohmann::ordered_json;
using Texts = std::vector<std::string>;

/// Numbers and names of the widest table.
constexpr JsonLimits kSchemaLimits{.values = 1'000'000};

template <class Enum>
Enum enum_from(const SchemaJson& json, int count) {
  const auto& word = json.get_ref<const std::string&>();
  for (int i = 0; i < count; ++i)
    if (to_string(static_cast<Enum>(i)) == word) return static_cast<Enum>(i);
  throw DataError("has a schema with a word that is not known there");
}

Shape schema_shape(const SchemaJson& json) {
  if (!json.is_array()) throw DataError("has metadata whose shape is no list");
  std::vector<Index> dims;
  for (const SchemaJson& d : json) dims.push_back(whole_number<Index>(d));
  return Shape(dims);
}

/// A member that may be left out keeps its value.
template <class T>
void take(const SchemaJson& json, const char* name, T& value) {
  if (json.contains(name)) value = json.at(name).get<T>();
}

void put_known(SchemaJson& json, const char* name, double value) {
  if (!std::isnan(value)) json[name] = value;
}

SchemaJson input_json(const Input& i) {
  SchemaJson json{{"name", i.name}, {"kind", to_string(i.kind)}};
  if (i.shape.rank() > 0)
    json["shape"] = std::vector<Index>(i.shape.dims().begin(), i.shape.dims().end());
  if (i.element != ElementType::real) json["element"] = to_string(i.element);
  if (i.offset != 0 || i.scale != 1) json["offset"] = i.offset, json["scale"] = i.scale;
  put_known(json, "fill", i.fill);
  put_known(json, "least", i.least);
  put_known(json, "greatest", i.greatest);
  if (!i.categories.empty()) json["categories"] = i.categories;
  if (i.missing_category) json["missing_category"] = true;
  if (!i.missing.empty()) json["missing"] = i.missing;
  if (i.transposed) json["transposed"] = true;
  if (i.date) json["date"] = true;
  return json;
}

Input input_from(const SchemaJson& json) {
  Input i{.name = json.at("name").get<std::string>()};
  i.kind = enum_from<InputKind>(json.at("kind"), 4);
  if (json.contains("shape")) i.shape = schema_shape(json.at("shape"));
  if (json.contains("element")) i.element = enum_from<ElementType>(json.at("element"), 3);
  take(json, "offset", i.offset), take(json, "scale", i.scale);
  take(json, "fill", i.fill), take(json, "least", i.least), take(json, "greatest", i.greatest);
  take(json, "categories", i.categories);
  take(json, "missing_category", i.missing_category);
  take(json, "missing", i.missing);
  take(json, "transposed", i.transposed), take(json, "date", i.date);
  return i;
}

SchemaJson target_json(const Target& t) {
  SchemaJson json{{"name", t.name}};
  if (!t.unit.empty()) json["unit"] = t.unit;
  if (!t.labels.empty()) json["labels"] = t.labels;
  if (t.offset != 0 || t.scale != 1) json["offset"] = t.offset, json["scale"] = t.scale;
  return json;
}

/// Calls f, whose reader throws other exceptions for what has the wrong form.
template <class F>
Schema reading(F f) {
  try {
    return f();
  } catch (const SchemaJson::exception&) {
    throw DataError("has metadata of the wrong form");
  }
}

}  // namespace

std::string schema_text(const Schema& s) {
  SchemaJson json{{"inputs", SchemaJson::array()},
                  {"task", to_string(s.task)},
                  {"targets", SchemaJson::array()}};
  for (const Input& input : s.inputs) json["inputs"].push_back(input_json(input));
  for (const Target& target : s.targets) json["targets"].push_back(target_json(target));
  if (!s.labels.empty()) json["labels"] = s.labels;
  if (s.label_type != LabelType::text) json["label_type"] = to_string(s.label_type);
  json["output"] = to_string(s.output);
  if (s.threshold != 0.5) json["threshold"] = s.threshold;
  // A text that is not UTF-8 is refused before training; nothing may be lost here.
  return json.dump(-1, ' ', false, SchemaJson::error_handler_t::replace);
}

Schema parse_schema(const std::string& text) {
  return reading([&] {
    const auto json = parse_json<SchemaJson>(text, kSchemaLimits, [](const std::string&) {});
    Schema s;
    for (const SchemaJson& input : json.at("inputs")) s.inputs.push_back(input_from(input));
    s.task = enum_from<Task>(json.at("task"), 4);
    for (const SchemaJson& t : json.at("targets")) {
      Target& target = s.targets.emplace_back(Target{.name = t.at("name").get<std::string>()});
      take(t, "labels", target.labels);
      take(t, "unit", target.unit), take(t, "offset", target.offset),
          take(t, "scale", target.scale);
    }
    take(json, "labels", s.labels);
    if (json.contains("label_type")) s.label_type = enum_from<LabelType>(json.at("label_type"), 4);
    s.output = enum_from<OutputKind>(json.at("output"), 5);
    take(json, "threshold", s.threshold);
    return s;
  });
}

Schema first_schema(const std::string& preprocess, const std::string& classes, Index outputs) {
  return reading([&] {
    const auto json = parse_json<SchemaJson>(preprocess, kSchemaLimits, [](const std::string&) {});
    Schema s;
    for (const SchemaJson& c : json.at("columns")) {
      Input input{.name = c.at("name").get<std::string>()};
      if (c.contains("categories")) {
        input.kind = InputKind::category;
        input.categories = c.at("categories").get<Texts>();
      } else {
        input.offset = c.at("offset").get<double>(), input.scale = c.at("scale").get<double>();
        input.fill = input.offset;
      }
      s.inputs.push_back(std::move(input));
    }
    if (const Shape image = schema_shape(json.at("image")); image.rank() > 0) {
      if (image.rank() != 2) throw DataError(cat("describes pictures of ", image.str()));
      s.inputs = {picture_input(image)};
    }
    s.labels =
        parse_json<SchemaJson>(classes, kSchemaLimits, [](const std::string&) {}).get<Texts>();
    s.label_type = label_type_of(s.labels);
    const auto name = json.at("target").get<std::string>();
    const Target target{.name = name,
                        .offset = json.at("target_offset").get<double>(),
                        .scale = json.at("target_scale").get<double>()};
    if (!s.labels.empty()) {
      s.task = Task::classification, s.targets = {{.name = name}};
    } else if (!name.empty() || target != Target{}) {
      s.task = Task::regression;
      s.targets.assign(static_cast<std::size_t>(std::max<Index>(outputs, 1)), target);
    }
    return s;
  });
}

}  // namespace chainrule
