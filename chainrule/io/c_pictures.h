// Convolutions and pooling in C.
#pragma once

#include "chainrule/io/c_ops.h"

namespace chainrule {

/// Does the operation move a window over pictures, or take their mean?
bool is_on_pictures(const Op& op);

/// Why C code cannot hold the operation, which is one of these, on an input of that shape; "" when
/// it can.
std::string refused_on_pictures(const Op& op, const Shape& x);

/// Adds its function and its call.
void write_on_pictures(CWriter& out, const CStep& step);

}  // namespace chainrule
