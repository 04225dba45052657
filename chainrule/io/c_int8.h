// The body of predict() in 8-bit integers.
#pragma once

#include "chainrule/io/c_ops.h"
#include "chainrule/io/int8.h"

namespace chainrule {

/// Writes the computation; returns the scratch memory, whose declarations come before it.
CScratch write_int8(CWriter& out, const Int8Network& net);

}  // namespace chainrule
