#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "chainrule/core/error.h"
#include "chainrule/data/npy.h"

namespace chainrule::data {
namespace {

constexpr std::int64_t kMostClasses = 1000;
constexpr Index kMostTargets = 4096;

/// The column of the only 1 among 0s; -1 when the row is no such.
std::int32_t place_of_one(std::span<const float> row) {
  std::int32_t place = -1;
  for (std::size_t k = 0; k < row.size(); ++k) {
    if (row[k] == 0) continue;
    if (row[k] != 1 || place >= 0) return -1;
    place = static_cast<std::int32_t>(k);
  }
  return place;
}

void take_classes(const std::string& name, const NpyArray& y, Dataset& d) {
  std::int64_t classes = 2;
  if (y.kind == 'f')
    for (const double v : y.as<double>())
      if (v != std::floor(v))
        throw DataError(cat(name, ": ", v, " in row ", d.classes.size() + 1, " is no class"));
  for (const std::int64_t c : y.as<std::int64_t>()) {
    if (c < 0 || c >= kMostClasses)
      throw DataError(cat(name, ": class ", c, " in row ", d.classes.size() + 1, ", expected 0 to ",
                          kMostClasses - 1));
    d.classes.push_back(static_cast<std::int32_t>(c));
    classes = std::max(classes, c + 1);
  }
  for (std::int64_t c = 0; c < classes; ++c) d.class_names.push_back(std::to_string(c));
}

/// One 1 among 0s in each row of several columns is a class.
bool take_one_hot(const std::string& name, const std::vector<float>& numbers, Index width,
                  Dataset& d) {
  std::vector<std::int32_t> classes;
  for (std::size_t i = 0; i < numbers.size(); i += static_cast<std::size_t>(width)) {
    classes.push_back(place_of_one(std::span(numbers).subspan(i, static_cast<std::size_t>(width))));
    if (classes.back() < 0) return false;
  }
  d.classes = std::move(classes);
  for (Index c = 0; c < width; ++c) d.class_names.push_back(std::to_string(c));
  d.notes.push_back(cat(name, ": each row has one 1 among ", width,
                        " numbers: taken as classes 0 to ", width - 1,
                        " (--task regression learns "
                        "the numbers)"));
  return true;
}

void read_targets(const std::string& name, const NpyArray& y, Task task, Dataset& d) {
  const Index width = y.shape.size() == 2 ? y.shape[1] : 1;
  if (y.shape.size() > 2 || width > kMostTargets)
    throw DataError(
        cat(name, ": targets of shape ", shape_text(y.shape), ", expected (N,) or (N, K)"));
  const bool whole = y.kind != 'f';
  if (width == 1 && (task == Task::classification || (whole && task == Task::automatic)))
    return take_classes(name, y, d);
  std::vector<float> numbers = y.as<float>();
  const bool may_be_classes = task == Task::automatic || task == Task::classification;
  if (width > 1 && may_be_classes && take_one_hot(name, numbers, width, d)) return;
  if (task == Task::classification)
    throw DataError(
        cat(name, ": not each row has one 1 among 0s, as classes have in ", width, " columns"));
  if (whole && width > 1 && task == Task::automatic &&
      !std::ranges::all_of(numbers, [](float x) { return x == 0 || x == 1; }))
    throw DataError(cat(name, ": whole numbers of shape ", shape_text(y.shape),
                        ", expected classes (N,), or 0 and 1 in several columns; --task regression "
                        "learns numbers"));
  if (task == Task::multilabel)
    for (std::size_t i = 0; i < numbers.size(); ++i)
      if (numbers[i] != 0 && numbers[i] != 1)
        throw DataError(cat(name, ": ", numbers[i], " in row ", static_cast<Index>(i) / width + 1,
                            ", labels are 0 or 1"));
  d.targets = std::move(numbers);
  for (Index i = 0; i < width; ++i) d.target_names.push_back(width == 1 ? "y" : cat("y", i + 1));
}

}  // namespace

Dataset npy_dataset(NpyArray x, const std::string& name, const NpyArray* y,
                    const std::string& y_name, Task task) {
  if (x.shape.empty() || x.size() == 0)
    throw DataError(
        cat(name, ": features of shape ", shape_text(x.shape), ", expected (N, ...) with N > 0"));
  Dataset d;
  d.name = std::filesystem::path(name).stem().string();
  const Index rows = x.shape[0];
  constexpr Index kMostFeatures = Index{1} << 24;
  const Index width = x.size() / rows;
  if (rows > std::numeric_limits<std::int32_t>::max() || width > kMostFeatures)
    throw DataError(cat(name, ": features of shape ", shape_text(x.shape), " are too many"));
  d.features = {width};
  if (x.kind == 'u' && x.item_size == 1) {
    if (x.shape.size() == 3) d.image = {x.shape[1], x.shape[2]};
    d.bytes = std::move(x.bytes);
  } else {
    d.floats = x.as<float>();
    if (x.kind != 'f') d.element = ElementType::whole;
  }
  if (y != nullptr) {
    if (y->shape.empty() || y->shape[0] != rows || y->size() == 0)
      throw DataError(
          cat(name, " has ", rows, " rows, but ", y_name, " is of shape ", shape_text(y->shape)));
    read_targets(y_name, *y, task, d);
  }
  d.validate();
  return d;
}

Task task_of(const Dataset& d) {
  if (d.has_classes()) return Task::classification;
  const bool labels = d.target_size() > 1 &&
                      std::ranges::all_of(d.targets, [](float x) { return x == 0 || x == 1; });
  return labels ? Task::multilabel : Task::regression;
}

Dataset npy(const std::filesystem::path& x, const std::filesystem::path& y, Task task) {
  NpyArray features = read_npy(x);
  if (y.empty()) return npy_dataset(std::move(features), x.string(), nullptr, "");
  const NpyArray targets = read_npy(y);
  return npy_dataset(std::move(features), x.string(), &targets, y.string(), task);
}

}  // namespace chainrule::data
