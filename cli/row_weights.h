// How much classes count, and from when on the second is the answer, by the flags that say so.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chainrule/core/tensor.h"
#include "chainrule/data/dataset.h"

namespace chainrule::cli {

/// Multiplies the training rows' weights by those of --class-weight: "balanced", or "yes=2,no=1",
/// where a class that is not named weighs 1. Throws UsageError.
void weigh_classes(Splits& splits, const std::string& text);

/// Notes the probability of --threshold in the schema; "auto" needs validation rows of two classes.
/// Throws UsageError.
void set_threshold(Splits& splits, const std::string& text);

/// What "auto" chooses: see best_threshold(). `probabilities` is [rows, 1 or 2].
double best_threshold_of(const Tensor<float>& probabilities,
                         const std::vector<std::int32_t>& classes);

}  // namespace chainrule::cli
