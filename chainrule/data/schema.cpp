#include "chainrule/data/schema.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <span>

#include "chainrule/core/error.h"
#include "chainrule/core/number.h"
#include "chainrule/core/plain_text.h"

namespace chainrule {
namespace {

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

std::string in_short(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 6;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i)
    text += cat(i == 0 ? "'" : ", '", without_controls(names[i]), "'");
  return names.size() > kMost ? cat(text, " and ", names.size() - kMost, " more") : text;
}

/// Is the text a number as it is usually written, so that nothing is lost?
bool is_written_as(const std::string& text, bool whole) {
  double value = 0;
  const auto [end, error] = read_number(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return false;
  std::array<char, 32> back{};
  const auto written = std::to_chars(back.data(), back.data() + back.size(), value);
  if (std::string_view(back.data(), written.ptr) == text)
    return !whole || value == std::floor(value);
  std::int64_t number = 0;
  const auto [stop, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
  return bad == std::errc{} && stop == text.data() + text.size() && std::to_string(number) == text;
}

bool is_utf8(std::string_view s) {
  for (std::size_t i = 0; i < s.size();) {
    const auto byte = [&](std::size_t k) {
      return i + k < s.size() ? static_cast<unsigned char>(s[i + k]) : 0U;
    };
    const unsigned first = byte(0);
    const std::size_t length = first < 0x80                    ? 1
                               : first >= 0xC2 && first < 0xE0 ? 2
                               : first >= 0xE0 && first < 0xF0 ? 3
                               : first >= 0xF0 && first < 0xF5 ? 4
                                                               : 0;
    if (length == 0) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((byte(k) & 0xC0) != 0x80) return false;
    const unsigned second = byte(1);
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
        (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
      return false;
    i += length;
  }
  return true;
}

void check_text(const std::string& text, const char* what) {
  if (!is_utf8(text))
    throw DataError(cat(what, " '", without_controls(text),
                        "' is not UTF-8; save the file as UTF-8, or name its encoding"));
}

void check_scaling(double offset, double scale, const std::string& name) {
  // Division by zero, or by a number that float has no full precision for, leaves no data.
  if (!std::isfinite(offset) || !std::isnormal(static_cast<float>(scale)))
    throw DataError(cat("'", without_controls(name), "' is scaled by (x - ", offset, ") / ", scale,
                        ", expected a finite offset and a scale that is neither 0 nor denormal"));
}

}  // namespace

Index Input::features() const {
  if (kind == InputKind::category)
    return static_cast<Index>(categories.size()) + (missing_category ? 1 : 0);
  return shape.size();
}

bool Input::operator==(const Input& o) const {
  return name == o.name && kind == o.kind && shape == o.shape && element == o.element &&
         offset == o.offset && scale == o.scale && same(fill, o.fill) && same(least, o.least) &&
         same(greatest, o.greatest) && categories == o.categories &&
         missing_category == o.missing_category && missing == o.missing &&
         transposed == o.transposed && date == o.date;
}

Input picture_input(const Shape& shape) {
  Input input{.name = "picture", .kind = InputKind::picture, .shape = shape};
  input.element = ElementType::byte;
  input.scale = 255, input.least = 0, input.greatest = 255;
  return input;
}

Shape Schema::picture() const {
  if (inputs.size() != 1 || inputs[0].kind != InputKind::picture) return {};
  const Shape& s = inputs[0].shape;
  return s.rank() == 2 ? s : Shape{};
}

bool Schema::has_columns() const {
  return !inputs.empty() && std::all_of(inputs.begin(), inputs.end(),
                                        [](const Input& i) { return i.shape.rank() == 0; });
}

Index Schema::features() const {
  Index sum = 0;
  for (const Input& input : inputs) sum += input.features();
  return sum;
}

std::string Schema::label(Index c) const {
  const auto i = static_cast<std::size_t>(c);
  return i < labels.size() ? labels[i] : std::to_string(c);
}

std::string_view to_string(Task task) {
  constexpr std::array<std::string_view, 4> kNames = {"automatic", "regression", "classification",
                                                      "multilabel"};
  return kNames[static_cast<std::size_t>(task)];
}

std::string_view to_string(InputKind kind) {
  constexpr std::array<std::string_view, 4> kNames = {"number", "category", "picture", "token"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view to_string(ElementType type) {
  constexpr std::array<std::string_view, 3> kNames = {"real", "whole", "byte"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string_view to_string(LabelType type) {
  constexpr std::array<std::string_view, 4> kNames = {"text", "integer", "boolean", "real"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string_view to_string(OutputKind kind) {
  constexpr std::array<std::string_view, 5> kNames = {"values", "logits", "probabilities",
                                                      "binary_logit", "binary_probability"};
  return kNames[static_cast<std::size_t>(kind)];
}

LabelType label_type_of(const std::vector<std::string>& labels) {
  const auto all = [&](auto&& holds) {
    return !labels.empty() && std::all_of(labels.begin(), labels.end(), holds);
  };
  if (all([](const std::string& s) { return s == "True" || s == "False"; }))
    return LabelType::boolean;
  if (all([](const std::string& s) { return is_written_as(s, true); })) return LabelType::integer;
  if (all([](const std::string& s) { return is_written_as(s, false); })) return LabelType::real;
  return LabelType::text;
}

void check_schema(const Schema& s) {
  std::set<std::string_view> names;
  for (const Input& input : s.inputs) {
    check_text(input.name, "the column");
    if (!names.insert(input.name).second)
      throw DataError(cat("two inputs are called '", without_controls(input.name), "'"));
    check_scaling(input.offset, input.scale, input.name);
    for (const std::string& category : input.categories) check_text(category, "the category");
  }
  for (const Target& target : s.targets) {
    check_text(target.name, "the target");
    check_text(target.unit, "the unit");
    check_scaling(target.offset, target.scale, target.name);
  }
  std::set<std::string_view> labels;
  for (const std::string& label : s.labels) {
    check_text(label, "the class");
    if (!labels.insert(label).second)
      throw DataError(cat("two classes are called '", without_controls(label), "'"));
  }
  if (!(s.threshold >= 0 && s.threshold <= 1))
    throw DataError(cat("the threshold is ", s.threshold, ", expected a number from 0 to 1"));
}

std::string difference_of(const Schema& model, const Schema& data) {
  const auto targets_of = [](const Schema& s) {
    std::vector<std::string> names;
    for (const Target& t : s.targets) names.push_back(t.name);
    return names;
  };
  if (model.task != data.task)
    return cat("the model is one of ", to_string(model.task), ", the data are for ",
               to_string(data.task));
  if (model.labels != data.labels)
    return cat("the model's classes are ", in_short(model.labels), ", those of the data are ",
               in_short(data.labels));
  if (const auto own = targets_of(model), other = targets_of(data); own != other)
    return cat("the model predicts ", in_short(own), ", in the data the target is ",
               in_short(other));
  if (model.features() != data.features() && model.inputs.size() == data.inputs.size() &&
      !model.has_columns())
    return cat("the model takes ", model.features(), " numbers per row, the data have ",
               data.features());
  for (const Input& input : model.inputs) {
    const auto found = std::find_if(data.inputs.begin(), data.inputs.end(),
                                    [&](const Input& i) { return i.name == input.name; });
    if (found == data.inputs.end())
      return cat("the model's input '", without_controls(input.name), "' is not in the data");
    if (found->kind != input.kind)
      return cat("'", without_controls(input.name), "' is a ", to_string(input.kind),
                 " to the model, in the data a ", to_string(found->kind));
  }
  return "";
}

std::string scaling_difference(const Schema& model, const Schema& data) {
  const auto first = [](const auto& own, const auto& others) -> std::string {
    for (std::size_t i = 0; i < std::min(own.size(), others.size()); ++i)
      if (own[i].offset != others[i].offset || own[i].scale != others[i].scale)
        return cat("'", without_controls(own[i].name), "' as (x - ", others[i].offset, ") / ",
                   others[i].scale, " instead of (x - ", own[i].offset, ") / ", own[i].scale);
    return own.size() == others.size() ? ""
                                       : cat(others.size(), " columns instead of ", own.size());
  };
  const std::string inputs = first(model.inputs, data.inputs);
  return inputs.empty() ? first(model.targets, data.targets) : inputs;
}

}  // namespace chainrule
