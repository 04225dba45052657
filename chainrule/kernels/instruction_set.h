// Which instructions the kernels use here.
#pragma once

#include <string_view>

namespace chainrule::kernels {

/// "AVX2", "NEON", ...: results of another set may differ in their last bits.
std::string_view instruction_set();

}  // namespace chainrule::kernels
