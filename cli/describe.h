// Data, models and verdicts in one line each.
#pragma once

#include <optional>
#include <string>

#include "chainrule/data/dataset.h"
#include "chainrule/model/model.h"

namespace chainrule::cli {

/// "28×28 grey   10 classes   19 % of the inputs are not zero"
std::string describe_rows(const Dataset& data, Task task = Task::automatic);
/// "60,000 train / 10,000 test   28×28 grey ..."
std::string describe_splits(const Splits& splits);
/// "linear 128, relu, linear 10   101,770 parameters"
std::string describe_model(const Model& model);
/// "784 × 50", "10", "1" for a scalar.
std::string describe_sizes(const Shape& shape);

/// False, said on standard error, when there is a minimum and the accuracy is below it.
bool accurate_enough(double accuracy, const std::optional<double>& minimum);

}  // namespace chainrule::cli
