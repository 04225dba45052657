// Pictures of a training run as SVG documents.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "chainrule/train/history.h"
#include "chainrule/train/metrics.h"

namespace chainrule {

/// Loss, and beside it accuracy when classes were learnt, over the epochs.
std::string curves_svg(const History& history, std::string_view title = "");

/// The confusion matrix: a row for each true class, a column for each predicted one; right answers
/// in blue, wrong ones in orange, both by their part of the row. At the edges recall and precision.
std::string confusion_svg(const Confusion& confusion, std::span<const std::string> class_names,
                          std::string_view title = "");

}  // namespace chainrule
