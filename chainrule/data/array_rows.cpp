#include "chainrule/data/array_rows.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "chainrule/core/error.h"

namespace chainrule::data {
namespace {

struct Range {
  double least = INFINITY, greatest = -INFINITY;
  bool whole = true;
};

Range range_of(std::span<const float> values) {
  Range r;
  for (const float x : values) {
    r.least = std::min(r.least, static_cast<double>(x));
    r.greatest = std::max(r.greatest, static_cast<double>(x));
    r.whole &= x == std::floor(x);
  }
  return r;
}

void scale_all(std::span<float> values, double offset, double scale) {
  if (offset == 0 && scale == 1) return;
  for (float& x : values) x = static_cast<float>((static_cast<double>(x) - offset) / scale);
}

/// Raw values of an array in the type of training: numbers that stand for bytes, and bytes that
/// stand for numbers from 0 to 1, are recognised by their range.
void convert_elements(const Input& input, ElementType given, std::span<float> values,
                      std::vector<std::string>& notes) {
  const bool trained_on_bytes = input.element == ElementType::byte;
  if (given == input.element || values.empty()) return;
  const Range r = range_of(values);
  if (trained_on_bytes) {
    if (!(r.least >= 0 && r.greatest <= 255))
      throw DataError(cat("the values go from ", r.least, " to ", r.greatest,
                          ", the model was trained on bytes from 0 to 255"));
    if (given == ElementType::real && r.greatest <= 1) {
      notes.push_back("values from 0 to 1 are taken as the bytes 0 to 255 of training");
      scale_all(values, 0, 1.0 / 255);
    } else {
      notes.push_back(
          cat("values from ", r.least, " to ", r.greatest, " are taken as the bytes of training"));
    }
  } else if (given == ElementType::byte && input.least >= 0 && input.greatest <= 1 &&
             r.greatest > 1) {
    notes.push_back("bytes from 0 to 255 are taken as the values from 0 to 1 of training");
    scale_all(values, 0, 255);
  }
}

void note_outside(const Input& input, std::span<const float> values,
                  std::vector<std::string>& notes) {
  const auto outside = std::ranges::count_if(values, [&](float x) {
    return static_cast<double>(x) < input.least || static_cast<double>(x) > input.greatest;
  });
  if (outside > 0)
    notes.push_back(cat(grouped(outside), " of ", grouped(std::ssize(values)),
                        " values lie outside the ", input.least, " to ", input.greatest,
                        " of training"));
}

void prepare_columns(const Schema& schema, std::span<float> values) {
  const std::size_t width = schema.inputs.size();
  for (const Input& input : schema.inputs)
    if (input.kind == InputKind::category)
      throw DataError(cat("the model's input '", input.name,
                          "' is a category, which an array of numbers cannot hold; give a table"));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Input& input = schema.inputs[i % width];
    double x = static_cast<double>(values[i]);
    if (std::isnan(x)) x = input.fill;
    values[i] = static_cast<float>((x - input.offset) / input.scale);
  }
}

}  // namespace

bool are_features(const Schema& schema, ElementType given) {
  if (schema.inputs.empty()) return true;
  return std::ranges::all_of(schema.inputs, [&](const Input& i) {
    const bool plain = i.kind != InputKind::category && i.offset == 0 && i.scale == 1;
    return plain && (i.shape.rank() == 0 ||
                     (given == ElementType::byte) == (i.element == ElementType::byte));
  });
}

void prepare_numbers(const Schema& schema, ElementType given, std::span<float> values,
                     std::vector<std::string>& notes) {
  if (schema.inputs.empty()) return;
  if (schema.has_columns()) return prepare_columns(schema, values);
  const Input& input = schema.inputs[0];
  convert_elements(input, given, values, notes);
  note_outside(input, values, notes);
  scale_all(values, input.offset, input.scale);
}

void prepare_targets(const Schema& schema, Dataset& d) {
  if (d.has_classes() && schema.task == Task::classification && !schema.labels.empty() &&
      d.class_names != schema.labels) {
    std::vector<std::int32_t> place;
    for (const std::string& name : d.class_names) {
      const auto found = std::ranges::find(schema.labels, name);
      place.push_back(found == schema.labels.end()
                          ? -1
                          : static_cast<std::int32_t>(found - schema.labels.begin()));
    }
    for (std::int32_t& c : d.classes) {
      const auto old = static_cast<std::size_t>(c);
      if (place[old] < 0) {
        Schema other = schema;
        other.labels = d.class_names;
        throw DataError(cat("'", d.name, "': ", difference_of(schema, other)));
      }
      c = place[old];
    }
    d.class_names = schema.labels;
  }
  if (schema.task != Task::regression || d.target_size() == 0) return;
  const auto width = static_cast<std::size_t>(d.target_size());
  if (width != schema.targets.size()) return;  // whoever feeds the network says so
  for (std::size_t i = 0; i < d.targets.size(); ++i) {
    const Target& t = schema.targets[i % width];
    d.targets[i] = static_cast<float>((static_cast<double>(d.targets[i]) - t.offset) / t.scale);
  }
}

void prepare_rows(const Schema& schema, Dataset& d) {
  const bool bytes = !d.bytes.empty();
  if (schema.inputs.empty() || d.rows() == 0) return;
  const Input& input = schema.inputs[0];
  // A dataset divides bytes by 255 itself.
  if (bytes && !schema.has_columns() && input.element == ElementType::byte && input.offset == 0 &&
      input.scale == 255)
    return;
  const Index expected = schema.has_columns() ? std::ssize(schema.inputs) : schema.features();
  if (d.features.size() != expected)
    throw DataError(cat("'", d.name, "' has ", d.features.size(),
                        " numbers in each row, the model expects ", expected));
  if (bytes) {
    d.floats.assign(d.bytes.begin(), d.bytes.end());
    d.bytes.clear();
  } else if (!d.borrowed.empty()) {
    d.floats.assign(d.borrowed.begin(), d.borrowed.end());
    d.borrowed = {};
  }
  std::vector<std::string> notes;
  try {
    prepare_numbers(schema, bytes ? ElementType::byte : d.element, d.floats, notes);
  } catch (const DataError& e) {
    throw DataError(cat("'", d.name, "': ", e.what()));
  }
  for (const std::string& note : notes) d.notes.push_back(d.name + ": " + note);
}

void keep_schema(const Schema& schema, Splits& splits) {
  for (Dataset* part : {&splits.train, &splits.validation, &splits.test}) {
    prepare_rows(schema, *part);
    prepare_targets(schema, *part);
  }
  const Schema own = std::exchange(splits.schema, schema);
  if (schema.inputs.empty()) splits.schema.inputs = own.inputs;
}

}  // namespace chainrule::data
