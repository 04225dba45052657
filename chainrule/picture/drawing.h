// Explanations drawn as in a textbook: operations in circles, values above the arrows, gradients
// below them in a second colour.
#pragma once

#include <string>
#include <string_view>

#include "chainrule/explain/explanation.h"

namespace chainrule {

/// Nodes that a drawing may have.
inline constexpr std::size_t kMaxDrawnNodes = 400;

/// An SVG document, for light and dark pages. Throws Error for more than kMaxDrawnNodes nodes.
std::string explanation_svg(const Explanation& e, std::string_view title);

namespace detail {
/// The drawing alone, an <svg> element; what belongs to node i has the attribute data-node="i",
/// what belongs to edge i data-edge="i". `interactive`: nodes can be reached by keyboard.
std::string drawing(const Explanation& e, std::string_view title, bool interactive);
/// The style sheet of drawings.
std::string_view drawing_style();
}  // namespace detail

}  // namespace chainrule
