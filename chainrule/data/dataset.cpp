#include "chainrule/data/dataset.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "chainrule/core/error.h"
#include "chainrule/core/random.h"
#include "chainrule/kernels/bytes.h"

namespace chainrule {
namespace {

constexpr std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// byte / 255, rounded once.
void to_unit(const std::uint8_t* from, Index n, float* to) { kernels::bytes_to_unit(from, n, to); }
void to_unit(const std::uint8_t* from, Index n, double* to) {
  for (Index i = 0; i < n; ++i) to[i] = from[i] / 255.0;
}

/// Asks for the memory of a row that will be read soon: rows come in random order, which no
/// processor can guess.
template <class T>
void prefetch(const T* row, Index width) {
  constexpr Index kLine = 64 / sizeof(T);
  for (Index i = 0; i < width; i += kLine) __builtin_prefetch(row + i);
}

template <class T>
std::vector<T> pick(std::span<const T> all, Index width, std::span<const std::int32_t> rows) {
  std::vector<T> some;
  if (all.empty()) return some;
  some.reserve(rows.size() * at(width));
  for (const std::int32_t r : rows) {
    const auto first = all.begin() + r * width;
    some.insert(some.end(), first, first + width);
  }
  return some;
}

template <class T>
std::vector<T> pick(const std::vector<T>& all, Index width, std::span<const std::int32_t> rows) {
  return pick(std::span<const T>(all), width, rows);
}

[[noreturn]] void refuse_row(std::int32_t row, Index rows) {
  throw Error(cat("row ", row, " was asked of a dataset that has ", rows, " rows"));
}

}  // namespace

const NamedArray* Dataset::find_array(std::string_view wanted) const {
  const auto it = std::ranges::find(arrays, wanted, &NamedArray::name);
  return it == arrays.end() ? nullptr : &*it;
}

Index Dataset::rows() const {
  if (bytes.empty() && numbers().empty() && !arrays.empty()) return arrays[0].rows();
  return static_cast<Index>(bytes.empty() ? numbers().size() : bytes.size()) / features.size();
}

template <class T>
void Dataset::gather(std::span<const std::int32_t> which, std::span<T> out) const {
  const Index width = features.size();
  const Index size = static_cast<Index>(bytes.empty() ? numbers().size() : bytes.size());
  if (out.size() != which.size() * at(width))
    throw Error(cat("gather() of ", which.size(), " rows needs room for ", which.size() * at(width),
                    " numbers, got room for ", out.size()));
  for (const std::int32_t r : which)
    if (r < 0 || (r + 1) * width > size) refuse_row(r, rows());
  T* to = out.data();
  const float* from = numbers().data();
  constexpr std::size_t kAhead = 4;  // rows
  for (std::size_t i = 0; i < which.size(); ++i, to += width) {
    const Index begin = which[i] * width, soon = which[std::min(i + kAhead, which.size() - 1)];
    const Index next = soon * width;
    if (!bytes.empty()) {
      prefetch(bytes.data() + next, width);
      to_unit(bytes.data() + begin, width, to);
    } else {
      prefetch(from + next, width);
      std::copy_n(from + begin, width, to);
    }
  }
}

template void Dataset::gather(std::span<const std::int32_t>, std::span<float>) const;
template void Dataset::gather(std::span<const std::int32_t>, std::span<double>) const;

Dataset Dataset::subset(std::span<const std::int32_t> which) const {
  for (const std::int32_t r : which)
    if (r < 0 || r >= rows()) refuse_row(r, rows());
  Dataset part;
  part.name = name;
  part.reading = reading;
  part.features = features;
  part.feature_names = feature_names;
  part.class_names = class_names;
  part.target_names = target_names;
  part.image = image;
  part.element = element;
  part.bytes = pick(bytes, features.size(), which);
  part.floats = pick(numbers(), features.size(), which);
  part.classes = pick(classes, 1, which);
  part.targets = pick(targets, target_size(), which);
  part.weights = pick(weights, 1, which);
  for (const NamedArray& a : arrays)
    part.arrays.push_back({a.name, a.shape, pick(a.numbers, a.shape.size(), which),
                           pick(a.indices, a.shape.size(), which)});
  part.origin = pick(origin, 1, which);
  return part;
}

void Dataset::validate() const {
  for (const NamedArray& a : arrays) {
    if (a.rows() != rows())
      throw DataError(
          cat("the array '", a.name, "' has ", a.rows(), " rows, the others have ", rows()));
    for (const float v : a.numbers)
      if (!std::isfinite(v))
        throw DataError(cat("the array '", a.name, "' holds ", v, ", expected finite numbers"));
  }
  const std::string who = name.empty() ? "the dataset" : "dataset '" + name + "'";
  const auto sized = [&](const char* what, std::size_t size, Index expected) {
    if (size != at(expected))
      throw DataError(cat(who, " holds ", size, " ", what, ", expected ", expected));
  };
  const auto finite = [&](std::span<const float> values, Index width, auto column_name) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isfinite(values[i])) continue;
      const Index row = static_cast<Index>(i) / width, column = static_cast<Index>(i) % width;
      throw DataError(cat(who, " has ", values[i], " in row ", row + 1, ", ", column_name(column),
                          ", expected a finite number"));
    }
  };
  if (!bytes.empty() && !numbers().empty())
    throw DataError(who + " holds features as bytes and as floats, expected one of the two");
  const Index n = rows();
  if (n > std::numeric_limits<std::int32_t>::max())
    throw DataError(cat(who, " has ", n, " rows, at most 2^31 - 1 are supported"));
  const bool only_arrays = bytes.empty() && numbers().empty() && !arrays.empty();
  if (!only_arrays)
    sized("features", bytes.empty() ? numbers().size() : bytes.size(), n * features.size());
  if (!feature_names.empty()) sized("feature names", feature_names.size(), features.size());
  if (image != Shape() && image.size() != features.size())
    throw DataError(
        cat(who, " has pictures of ", image.str(), " but ", features.size(), " features per row"));

  if (has_classes() && target_size() > 0)
    throw DataError(who + " has classes and numbers as targets, expected one of the two");
  sized("class labels", classes.size(), has_classes() ? n : 0);
  sized("targets", targets.size(), n * target_size());
  if (!weights.empty()) sized("sample weights", weights.size(), n);
  for (std::size_t i = 0; i < classes.size(); ++i)
    if (classes[i] < 0 || classes[i] >= class_count())
      throw DataError(cat(who, " has label ", classes[i], " in row ", i + 1, ", expected 0 to ",
                          class_count() - 1));

  finite(numbers(), features.size(), [&](Index i) {
    return feature_names.empty() ? cat("feature ", i + 1)
                                 : "feature '" + feature_names[at(i)] + "'";
  });
  finite(targets, target_size(), [&](Index i) { return "target '" + target_names[at(i)] + "'"; });
  finite(weights, 1, [](Index) { return std::string("sample weight"); });
  for (std::size_t i = 0; i < weights.size(); ++i)
    if (weights[i] < 0)
      throw DataError(
          cat(who, " has weight ", weights[i], " in row ", i + 1, ", expected 0 or more"));
}

namespace {

std::vector<Input> inputs_of(const Dataset& d) {
  if (d.bytes.empty() && d.numbers().empty()) return {};
  if (!d.feature_names.empty()) {
    std::vector<Input> inputs;
    for (const std::string& name : d.feature_names) inputs.push_back({.name = name});
    return inputs;
  }
  Input input{.name = d.image.rank() > 0 ? "picture" : "x"};
  if (d.image.rank() > 0) input.kind = InputKind::picture;
  input.shape = d.image.rank() > 0 ? d.image : d.features;
  if (!d.bytes.empty()) {
    input.element = ElementType::byte;
    input.scale = 255, input.least = 0, input.greatest = 255;
  } else if (!d.numbers().empty()) {
    const auto [least, greatest] = std::ranges::minmax_element(d.numbers());
    input.element = d.element;
    input.least = static_cast<double>(*least), input.greatest = static_cast<double>(*greatest);
  }
  return {input};
}

}  // namespace

Schema Splits::full_schema() const {
  Schema s = schema;
  if (s.inputs.empty()) s.inputs = inputs_of(train);
  if (s.task == Task::automatic && train.has_classes()) s.task = Task::classification;
  if (s.task == Task::automatic && train.target_size() > 0) s.task = Task::regression;
  if (s.task == Task::classification && s.labels.empty()) {
    s.labels = train.class_names;
    s.label_type = label_type_of(s.labels);
  }
  if (s.targets.empty()) {
    for (const std::string& name : train.target_names) s.targets.push_back({.name = name});
    if (s.task == Task::classification) s.targets = {Target{}};
  }
  check_schema(s);
  return s;
}

std::pair<std::vector<std::int32_t>, std::vector<std::int32_t>> split_rows(
    Index rows, std::span<const std::int32_t> classes, double fraction, std::uint64_t seed) {
  if (!(fraction >= 0 && fraction < 1))
    throw Error(cat("the fraction of a split is ", fraction, ", expected at least 0 and below 1"));
  constexpr std::uint64_t kStream = 0x73706c69'74000000;  // "split"
  std::vector<std::int32_t> order(at(rows));
  std::iota(order.begin(), order.end(), 0);
  Random(seed, kStream).shuffle(order);
  if (!classes.empty())
    std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
      return classes[at(a)] < classes[at(b)];
    });

  // Every (rows / chosen)-th row of the order by class: each class gives its share, rounded up or
  // down, and the sum is exact.
  const Index wanted = std::llround(fraction * static_cast<double>(rows));
  const Index chosen = std::min(wanted, std::max<Index>(rows - 1, 0));
  std::pair<std::vector<std::int32_t>, std::vector<std::int32_t>> parts;
  for (Index i = 0; i < rows; ++i) {
    const bool second = (i + 1) * chosen / rows > i * chosen / rows;
    (second ? parts.second : parts.first).push_back(order[at(i)]);
  }
  std::sort(parts.first.begin(), parts.first.end());
  std::sort(parts.second.begin(), parts.second.end());
  return parts;
}

std::pair<Dataset, Dataset> split(const Dataset& all, double fraction, std::uint64_t seed) {
  const auto [first, second] = split_rows(all.rows(), all.classes, fraction, seed);
  return {all.subset(first), all.subset(second)};
}

}  // namespace chainrule
