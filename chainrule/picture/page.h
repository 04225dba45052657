// One self-contained page that explains a backward pass; opens from the file system.
#pragma once

#include <string>
#include <string_view>

#include "chainrule/explain/explanation.h"

namespace chainrule {

/// The drawing, to be panned and zoomed; a node opens to its formula, values, gradients, local
/// derivatives and contributions; a slider goes forward node by node and then backward. Throws
/// Error for more than kMaxDrawnNodes nodes.
std::string explanation_page(const Explanation& e, std::string_view title);

namespace detail {
/// The same with a section of HTML below the graph and a JSON object for it.
std::string page(const Explanation& e, std::string_view title, std::string_view section,
                 std::string_view section_json);
std::string_view page_style();
std::string_view page_script();
std::string_view page_pictures_script();
}  // namespace detail

}  // namespace chainrule
