#include "chainrule/picture/drawing.h"

namespace chainrule::detail {

std::string_view drawing_style() {
  return R"css(
.graph text { font: 14px Helvetica, Arial, "Liberation Sans", sans-serif; fill: #1b1b1b;
  stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; paint-order: stroke; }
.graph .paper { fill: #ffffff; }
.graph .line { fill: none; stroke: #55606a; stroke-width: 1.4; }
.graph .head { fill: #55606a; stroke: none; }
.graph .op { fill: #f2f5f9; stroke: #2b3a4a; stroke-width: 1.6; }
.graph .dot { fill: #2b3a4a; }
.graph .node text.symbol, .graph .node text.word { stroke: none; }
.graph text.symbol { font-size: 20px; }
.graph text.word { font-size: 13.5px; }
.graph text.name { font: italic 16px Georgia, "Times New Roman", "Liberation Serif", serif; }
.graph text.number { fill: #55606a; }
.graph text.small { font: italic 12px Georgia, "Times New Roman", "Liberation Serif", serif;
  fill: #6b7680; }
.graph text.gradient { fill: #b8360f; }
@media (prefers-color-scheme: dark) {
  .graph text { fill: #eceff2; stroke: #14181c; }
  .graph .paper { fill: #14181c; }
  .graph .line { stroke: #8b98a5; }
  .graph .head { fill: #8b98a5; }
  .graph .op { fill: #222a33; stroke: #aebccb; }
  .graph .dot { fill: #aebccb; }
  .graph text.number, .graph text.small { fill: #9aa6b2; }
  .graph text.gradient { fill: #ff9466; }
}
@media print {
  .graph text { fill: #1b1b1b; stroke: #ffffff; }
  .graph .paper { fill: #ffffff; }
  .graph text.gradient { fill: #b8360f; }
}
)css";
}

}  // namespace chainrule::detail
