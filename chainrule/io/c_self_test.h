// main() of a C file: recorded rows and what the library made of them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "chainrule/core/tensor.h"
#include "chainrule/model/model.h"

namespace chainrule {

/// Rows for a self-test when nobody gave any: the corners of the unit square for up to two
/// features, speckled pictures, or multiples of 1/8 from -2 to 2.
std::vector<float> made_up_rows(const Model& model);

/// The function main() between #ifdef and #endif. `outputs` is what predict() must give for `rows`,
/// up to `tolerance` of 1 + |output|.
std::string c_self_test(const std::string& prefix, std::span<const float> rows,
                        const Tensor<float>& outputs, float tolerance);

}  // namespace chainrule
