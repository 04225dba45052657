#include "chainrule/data/transform.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "chainrule/core/error.h"

namespace chainrule::data {

Input fit_input(const std::string& name, std::span<const double> values, Scaling scaling) {
  Input column{.name = name};
  if (values.empty()) return column;
  double sum = 0;
  for (const double v : values) sum += v;
  const double mean = sum / static_cast<double>(values.size());
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  column.fill = mean, column.least = *least, column.greatest = *greatest;
  if (scaling == Scaling::standardise) {
    double squares = 0;
    for (const double v : values) squares += (v - mean) * (v - mean);
    column.offset = mean;
    column.scale = std::sqrt(squares / static_cast<double>(values.size()));
  } else if (scaling == Scaling::min_max) {
    column.offset = *least;
    column.scale = *greatest - *least;
  }
  // The rounded mean of equal values need not be that value; and what float can hardly tell from 0
  // divides nothing.
  const bool divides = *least < *greatest && std::isnormal(static_cast<float>(column.scale));
  if (!divides && scaling != Scaling::none) column.offset = *least, column.scale = 1;
  return column;
}

void scale_features(Splits& splits, Scaling scaling) {
  Dataset& train = splits.train;
  std::vector<Input>& columns = splits.schema.inputs;
  const Index width = train.features.size();
  if (!train.bytes.empty())
    throw Error("the features of '" + train.name +
                "' are bytes, which become 0 to 1 by themselves");
  if (columns.empty())
    for (Index j = 0; j < width; ++j)
      columns.push_back({.name = train.feature_names.empty()
                                     ? cat("x", j + 1)
                                     : train.feature_names[static_cast<std::size_t>(j)]});
  if (columns.size() != static_cast<std::size_t>(width) ||
      std::any_of(columns.begin(), columns.end(),
                  [](const Input& c) { return c.kind != InputKind::number || c.shape.rank() > 0; }))
    throw Error("the features of '" + train.name + "' hold categories, which are not scaled");

  if (!train.borrowed.empty()) throw Error("features in borrowed memory are not scaled");
  std::vector<double> values(static_cast<std::size_t>(train.rows()));
  for (Index j = 0; j < width; ++j) {
    Input& column = columns[static_cast<std::size_t>(j)];
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = train.floats[i * static_cast<std::size_t>(width) + static_cast<std::size_t>(j)];
    const Input fitted = fit_input(column.name, values, scaling);
    for (Dataset* part : {&splits.train, &splits.validation, &splits.test})
      for (std::size_t i = static_cast<std::size_t>(j); i < part->floats.size();
           i += static_cast<std::size_t>(width))
        part->floats[i] = static_cast<float>((part->floats[i] - fitted.offset) / fitted.scale);
    const auto raw = [&](double x) { return column.offset + column.scale * x; };
    column.fill = raw(fitted.fill), column.least = raw(fitted.least);
    column.greatest = raw(fitted.greatest);
    column.offset += column.scale * fitted.offset;
    column.scale *= fitted.scale;
  }
}

void scale_targets(Splits& splits, Scaling scaling) {
  const auto width = static_cast<std::size_t>(splits.train.target_size());
  std::vector<Target>& targets = splits.schema.targets;
  targets.clear();
  for (std::size_t k = 0; k < width; ++k) {
    std::vector<double> values;
    for (std::size_t i = k; i < splits.train.targets.size(); i += width)
      values.push_back(static_cast<double>(splits.train.targets[i]));
    const Input fitted = fit_input("", values, scaling);
    targets.push_back(
        {.name = splits.train.target_names[k], .offset = fitted.offset, .scale = fitted.scale});
    for (Dataset* part : {&splits.train, &splits.validation, &splits.test})
      for (std::size_t i = k; i < part->targets.size(); i += width)
        part->targets[i] = static_cast<float>(
            (static_cast<double>(part->targets[i]) - fitted.offset) / fitted.scale);
  }
}

std::vector<float> one_hot(std::span<const std::int32_t> classes, Index class_count) {
  std::vector<float> rows(classes.size() * static_cast<std::size_t>(class_count));
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes[i] < 0 || classes[i] >= class_count)
      throw Error(
          cat("class ", classes[i], " in row ", i + 1, ", expected 0 to ", class_count - 1));
    rows[i * static_cast<std::size_t>(class_count) + static_cast<std::size_t>(classes[i])] = 1;
  }
  return rows;
}

Dataset classes_as_numbers(Dataset d) {
  if (!d.has_classes()) throw Error("dataset '" + d.name + "' has no classes");
  if (d.class_count() == 2) {
    d.targets.assign(d.classes.begin(), d.classes.end());
    d.target_names = {d.class_names[1]};
  } else {
    d.targets = one_hot(d.classes, d.class_count());
    d.target_names = d.class_names;
  }
  d.classes.clear();
  d.class_names.clear();
  return d;
}

}  // namespace chainrule::data
