// Rows of an array as features, by what a model was trained on.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "chainrule/data/dataset.h"

namespace chainrule::data {

/// Turns raw numbers [rows, features] of an array, in place, into features: columns are scaled and
/// NaN is filled, pixels become what they were in training, whatever the array's type is. What was
/// taken for what is added to `notes`. Throws DataError for values that cannot be meant, such as
/// pixels of 700, and for an array where columns hold categories.
void prepare_numbers(const Schema& schema, ElementType given, std::span<float> values,
                     std::vector<std::string>& notes);

/// The same for a dataset of an array, its bytes included. The notes go to its own.
void prepare_rows(const Schema& schema, Dataset& data);

/// Brings what there is to be learnt, classes by their names and numbers in their unit, to the
/// outputs of a model. Throws DataError for a class that the model does not know.
void prepare_targets(const Schema& schema, Dataset& data);

/// Data that are no table, as the rows and answers of a model that is there already: all of the
/// above for each part. What the model does not say (inputs, classes) is told by the data.
void keep_schema(const Schema& schema, Splits& splits);

/// Do raw numbers of that type reach the network as they are?
bool are_features(const Schema& schema, ElementType given);

}  // namespace chainrule::data
