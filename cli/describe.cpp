#include "cli/describe.h"

#include <algorithm>

#include "cli/format.h"
#include "cli/terminal.h"

namespace chainrule::cli {
namespace {

constexpr const char* kSpace = "   ";

std::string quantity(const Dataset& data) {
  if (data.image.rank() == 2) return cat(data.image[0], "×", data.image[1], " grey");
  if (data.image.rank() == 3) return cat(data.image[0], "×", data.image[1], " in colour");
  return counted(data.features.size(), "input");
}

std::string targets(const Dataset& data, Task task) {
  if (task == Task::multilabel) return counted(data.target_size(), "label");
  if (data.target_size() > 0) {
    if (data.target_size() == 1) return "target " + data.target_names[0];
    return counted(data.target_size(), "target");
  }
  if (!data.has_classes()) return "no targets";
  std::string text = cat(data.class_count(), " classes");
  std::string names;
  for (const std::string& name : data.class_names) names += (names.empty() ? "" : ", ") + name;
  const bool telling = data.class_names[0] != "0";
  if (telling && display_width(names) <= 48) text += ": " + names;
  return text;
}

std::string density(const Dataset& data) {
  if (data.bytes.empty()) return "";
  const auto zeros = std::count(data.bytes.begin(), data.bytes.end(), std::uint8_t{0});
  const double share = 1 - static_cast<double>(zeros) / static_cast<double>(data.bytes.size());
  return kSpace + percent(share, 0) + " of the inputs are not zero";
}

}  // namespace

std::string describe_rows(const Dataset& data, Task task) {
  return quantity(data) + kSpace + targets(data, task) + density(data) +
         (data.reading.empty() ? "" : kSpace + data.reading);
}

std::string describe_splits(const Splits& splits) {
  std::string text = grouped(splits.train.rows()) + " train";
  if (splits.validation.rows() > 0)
    text += " / " + grouped(splits.validation.rows()) + " validation";
  if (splits.test.rows() > 0) text += " / " + grouped(splits.test.rows()) + " test";
  return text + kSpace + describe_rows(splits.train, splits.schema.task);
}

std::string describe_model(const Model& model) {
  return model.text() + kSpace + counted(model.params().trainable_count(), "parameter");
}

std::string describe_sizes(const Shape& shape) {
  std::string text;
  for (int axis = 0; axis < shape.rank(); ++axis)
    text += (axis > 0 ? " × " : "") + grouped(shape[axis]);
  return text.empty() ? "1" : text;
}

bool accurate_enough(double accuracy, const std::optional<double>& minimum) {
  if (!minimum || accuracy >= *minimum) return true;
  const Terminal err(stderr);
  err.line(err.bad("chainrule:") + " the accuracy, " + percent(accuracy) + ", is below " +
           percent(*minimum));
  return false;
}

}  // namespace chainrule::cli
