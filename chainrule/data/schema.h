// What a raw row means to a network, and what the network's outputs mean to a person.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/core/shape.h"

namespace chainrule {

/// What is to be found out about a row. automatic: decided by the targets, before training starts.
enum class Task { automatic, regression, classification, multilabel };

/// token: a whole number from 0 to categories.size() - 1 (or any, when there are none), which the
/// network itself turns into a vector.
enum class InputKind { number, category, picture, token };

/// Raw values before they are scaled. byte: 0 to 255.
enum class ElementType { real, whole, byte };

/// What classes are called when they are numbers or yes and no.
enum class LabelType { text, integer, boolean, real };

/// What the numbers of Model::output() mean.
enum class OutputKind { values, logits, probabilities, binary_logit, binary_probability };

/// One input of a raw row: a column of a table, an array, a picture.
struct Input {
  std::string name;
  InputKind kind = InputKind::number;
  Shape
      shape;  ///< {} a single value, {784} an array, {28, 28} a picture (height, width[, channels])
  ElementType element = ElementType::real;
  /// Numbers and pictures: a feature is (x - offset) / scale.
  double offset = 0, scale = 1;
  /// The raw value that stands for a missing one: the mean of the training rows. NaN when a missing
  /// value is refused.
  double fill = std::numeric_limits<double>::quiet_NaN();
  /// Raw values of the training rows lie between these; NaN when that is not known.
  double least = std::numeric_limits<double>::quiet_NaN();
  double greatest = std::numeric_limits<double>::quiet_NaN();
  /// A category becomes one feature per category, 1 or 0; an unknown one is 0 everywhere.
  std::vector<std::string> categories;
  /// A further feature after those of the categories is 1 where the cell is missing, as some were
  /// in training; without it a missing cell is 0 everywhere.
  bool missing_category = false;
  std::vector<std::string> missing;  ///< texts that mean missing here, beside the usual ones
  bool transposed = false;           ///< raw pictures come column by column
  bool date = false;                 ///< cells are dates, whose number is days since 1970-01-01

  /// Features of the network that come from it.
  Index features() const;
  bool operator==(const Input&) const;
};

/// A picture of bytes {height, width[, channels]}, which become 0 to 1.
Input picture_input(const Shape& shape);

/// A number, a class or a yes or no that is to be found out. A number is output * scale + offset.
struct Target {
  std::string name, unit;
  double offset = 0, scale = 1;
  std::vector<std::string> labels;  ///< of one of several labels: what no and yes are called
  bool operator==(const Target&) const = default;
};

/// Made once, when training starts; kept with the model and shown, compared and applied from there.
struct Schema {
  std::vector<Input> inputs;  ///< in the order of the features; empty: the features are the raw row
  std::vector<Target> targets;      ///< of numbers and of several labels one per output
  Task task = Task::automatic;      ///< of a model never automatic
  std::vector<std::string> labels;  ///< classification: of the classes, in the order of the outputs
  LabelType label_type = LabelType::text;
  OutputKind output = OutputKind::values;
  /// Two classes, or several labels: yes is what is more probable than this.
  double threshold = 0.5;

  /// {height, width} of the picture that a row is, else {}.
  Shape picture() const;
  /// Are there columns of a table?
  bool has_columns() const;
  Index features() const;
  /// What class `c` is called: its label, or its number where there are no labels.
  std::string label(Index c) const;
  bool operator==(const Schema&) const = default;
};

/// "regression", "number", "byte", "text", "logits", ...: as in files and messages.
std::string_view to_string(Task);
std::string_view to_string(InputKind);
std::string_view to_string(ElementType);
std::string_view to_string(LabelType);
std::string_view to_string(OutputKind);

/// The type of labels that are written in the one way in which numbers are: all of "0", "-3" are
/// integers, "1.5" real, "True" and "False" boolean; "01" is text.
LabelType label_type_of(const std::vector<std::string>& labels);

/// Throws DataError with one sentence when a schema contradicts itself: a scale that is 0 or not
/// finite, an input without a name or of the same name as another, text that is not UTF-8.
void check_schema(const Schema& schema);

/// The first difference in what a row or an answer means, in words such as "the model's classes are
/// 'cat', 'dog', those of the data are 'bird', 'cat'"; "" when there is none. Scaling, fill and
/// ranges do not count.
std::string difference_of(const Schema& model, const Schema& data);

/// The first of inputs and targets, in this order, whose offset or scale is another, in words such
/// as "'length' as (x - 1) / 2000 instead of (x - 1) / 2"; "" when there is none.
std::string scaling_difference(const Schema& model, const Schema& data);

}  // namespace chainrule
