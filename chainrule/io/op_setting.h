// Hyper-parameters of an operation for those who write a graph down in another language.
#pragma once

#include <string_view>

#include "chainrule/graph/op.h"

namespace chainrule {

/// The number that follows `name` in op.settings(): 0.2 for "rate" in "rate 0.2". Throws Error when
/// there is none.
double op_setting(const Op& op, std::string_view name);

}  // namespace chainrule
