// Small changes of a dataset: scaling of features, classes as numbers.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "chainrule/data/dataset.h"

namespace chainrule::data {

/// none: as it is. standardise: mean 0, variance 1 (the variance of all rows, over N). min_max:
/// 0 to 1.
enum class Scaling { none, standardise, min_max };

/// How a numeric column is scaled: x becomes (x - offset) / scale. A column that is the same in
/// every row has scale 1, so it becomes 0.
Input fit_input(const std::string& name, std::span<const double> values, Scaling scaling);

/// Scales every feature of all parts as fitted on the training part, and notes it in
/// `splits.schema`, after any scaling that is noted there. Features must be floats and not
/// categories; throws Error.
void scale_features(Splits& splits, Scaling scaling);

/// The same for the numbers to predict, noted in `splits.schema.targets`.
void scale_targets(Splits& splits, Scaling scaling);

/// rows x class_count: 1 in the column of the row's class, 0 elsewhere. Throws Error for a class
/// out of range.
std::vector<float> one_hot(std::span<const std::int32_t> classes, Index class_count);

/// The dataset with its classes as numbers to predict: one column, 0 or 1, for two classes; one
/// column per class otherwise. For losses that compare numbers.
Dataset classes_as_numbers(Dataset dataset);

}  // namespace chainrule::data
