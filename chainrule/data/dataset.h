// A table of samples in memory: features, and what is to be learnt from them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chainrule/core/shape.h"
#include "chainrule/data/schema.h"

namespace chainrule {

/// Further numbers or class indices of each row, for the input of a graph that has this name.
struct NamedArray {
  std::string name;
  Shape shape;                        ///< of one row
  std::vector<float> numbers;         ///< rows x shape.size(), or empty
  std::vector<std::int32_t> indices;  ///< the same of class indices

  Index rows() const {
    return static_cast<Index>(numbers.empty() ? indices.size() : numbers.size()) / shape.size();
  }
};

/// Samples with their targets. Features are bytes (images; a value is byte / 255) or floats, own or
/// borrowed, one of the three; targets are classes or numbers, one of the two, or none (data to
/// predict).
struct Dataset {
  std::string name;
  std::string reading;                     ///< how its file was read: "comma, header, UTF-8"
  Shape features;                          ///< one row: {784}, or {28, 28} when kept as an image
  std::vector<std::string> feature_names;  ///< of a table; empty for images
  std::vector<std::uint8_t> bytes;         ///< rows x features.size(), or empty
  std::vector<float> floats;               ///< rows x features.size(), or empty
  std::span<const float> borrowed;         ///< the same in memory of somebody who outlives this

  std::vector<std::int32_t> classes;     ///< one per row, or empty
  std::vector<std::string> class_names;  ///< "0" ... "9"; its size is the number of classes
  std::vector<float> targets;            ///< rows x target_names.size(), or empty
  std::vector<std::string> target_names;
  std::vector<float> weights;  ///< one per row, or empty: each counts 1
  /// For models with several inputs or targets; those without an array of their name read features
  /// and targets above, which may be absent.
  std::vector<NamedArray> arrays;
  const NamedArray* find_array(std::string_view name) const;

  Shape image;  ///< {height, width} when a row is a picture, else {}

  ElementType element = ElementType::real;  ///< what `floats` were in the array they came from
  std::vector<std::int32_t> origin;  ///< of each row, its number in the table it was read from
  std::vector<std::string> notes;    ///< what is surprising about the rows, a line each

  /// Features that are not bytes, wherever they are.
  std::span<const float> numbers() const { return floats.empty() ? borrowed : floats; }
  /// Number of samples.
  Index rows() const;
  bool has_classes() const { return !class_names.empty(); }
  Index class_count() const { return static_cast<Index>(class_names.size()); }
  /// Numbers to predict per row (targets only).
  Index target_size() const { return static_cast<Index>(target_names.size()); }

  /// Copies the features of the named rows to `out`, row after row, bytes divided by 255.
  /// T is float or double.
  template <class T>
  void gather(std::span<const std::int32_t> rows, std::span<T> out) const;

  /// The named rows, in that order, as a dataset of its own.
  Dataset subset(std::span<const std::int32_t> rows) const;

  /// Throws DataError with one sentence when sizes disagree, a class is out of range, or a number
  /// is not finite (named by row and column).
  void validate() const;
};

/// The parts of a dataset. `validation` may have no rows.
struct Splits {
  Dataset train, validation, test;
  /// What raw rows became and mean, as far as who made them knows; see full_schema().
  Schema schema;
  std::vector<std::string> notes;  ///< what was decided or is surprising, a line each

  const Shape& features() const { return train.features; }
  /// `schema` with what it leaves open: inputs and their ranges from the training rows, the task,
  /// targets and labels from what there is to be learnt.
  Schema full_schema() const;
};

/// Puts `fraction` of the rows of `all` (in [0, 1), shuffled by `seed`, each class in proportion
/// when there are classes) into the second part; at least one row stays in the first. Each part
/// keeps the order of `all`.
std::pair<Dataset, Dataset> split(const Dataset& all, double fraction, std::uint64_t seed);

/// The same for row numbers; `classes` has one element per row or none.
std::pair<std::vector<std::int32_t>, std::vector<std::int32_t>> split_rows(
    Index rows, std::span<const std::int32_t> classes, double fraction, std::uint64_t seed);

}  // namespace chainrule
