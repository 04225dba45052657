// A comparison of gradients as text and as JSON.
#pragma once

#include <string>

#include "chainrule/compare/compare.h"
#include "cli/terminal.h"

namespace chainrule::cli {

void print_comparison(const Terminal& out, const Comparison& c);
std::string comparison_json(const Comparison& c);

}  // namespace chainrule::cli
