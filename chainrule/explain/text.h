// Explanations as text and as JSON.
#pragma once

#include <span>
#include <string>

#include "chainrule/explain/explanation.h"

namespace chainrule {

/// Forward node by node, then backward edge by edge as upstream × local = downstream, with sums
/// where several paths meet; for a terminal of 100 columns.
std::string explanation_text(const Explanation& e);

/// One line: {"value", "gradients" by name, "nodes", "edges" with "upstream", "local" and
/// "downstream"}. Vectors and matrices are nested lists, what was too large is null.
std::string explanation_json(const Explanation& e);

namespace detail {

/// "1.5", "[1, 2]", "[[1, 2], [3, 4]]"; "2 × 3" when that has more than `width` characters.
std::string value_text(std::span<const double> values, std::span<const Index> shape,
                       std::size_t width, int digits = 6);
/// With so many significant digits.
std::string number_text(double x, int digits = 6);
/// "28 × 28", "3 numbers".
std::string shape_text(std::span<const Index> shape);
/// Nested lists.
std::string json_array(std::span<const double> values, std::span<const Index> shape);

}  // namespace detail
}  // namespace chainrule
