#include "chainrule/picture/page.h"

namespace chainrule::detail {

std::string_view page_style() {
  return R"css(
:root { color-scheme: light dark; --ink: #1b1b1b; --soft: #5c6670; --paper: #ffffff;
  --card: #f6f8fa; --rule: #d5dbe1; --grad: #b8360f; --mark: #0b62a8; }
@media (prefers-color-scheme: dark) { :root { --ink: #eceff2; --soft: #9aa6b2; --paper: #14181c;
  --card: #1c2228; --rule: #37414b; --grad: #ff9466; --mark: #6cb6f5; } }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--paper);
  font: 16px/1.45 Helvetica, Arial, "Liberation Sans", sans-serif; }
header { padding: 18px 24px 6px; }
h1 { margin: 0; font: 500 20px/1.35 ui-monospace, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere; }
.legend { margin: 4px 0 0; color: var(--soft); font-size: 14px; }
.value-key { color: var(--ink); font-weight: 600; }
.gradient-key { color: var(--grad); font-weight: 600; }
main { display: grid; grid-template-columns: minmax(0, 1fr) 360px; gap: 20px;
  padding: 10px 24px 20px; }
.bar { display: flex; gap: 10px; align-items: center; flex-wrap: wrap; margin-bottom: 10px; }
.bar input { flex: 1 1 160px; min-width: 120px; accent-color: var(--mark); }
.bar output { flex: 1 1 100%; min-height: 1.45em; color: var(--soft);
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--rule);
  border-radius: 8px; min-width: 40px; min-height: 36px; cursor: pointer; }
button:hover { border-color: var(--mark); }
:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
.stage { position: relative; border: 1px solid var(--rule); border-radius: 10px; overflow: hidden;
  height: min(62vh, 640px); touch-action: none; cursor: grab; }
.stage:active { cursor: grabbing; }
.stage svg { display: block; width: 100%; height: 100%; }
.zoom { position: absolute; right: 10px; bottom: 10px; display: flex; gap: 6px; }
.graph .node, .graph .leaf { cursor: pointer; }
.graph .node:focus, .graph .leaf:focus { outline: none; }
.graph .node:focus-visible .op, .graph .node:hover .op { stroke: var(--mark); stroke-width: 3; }
.graph .leaf:focus-visible text.name, .graph .leaf:hover text.name { fill: var(--mark); }
.graph .chosen .op { fill: color-mix(in srgb, var(--mark) 22%, var(--paper)); }
.graph .chosen .dot, .graph .chosen text.name { fill: var(--mark); }
.graph .now .op { stroke: var(--mark); stroke-width: 3.5; }
.graph .line.now { stroke: var(--mark); stroke-width: 2.6; }
.graph .off { visibility: hidden; }
aside { background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
  padding: 14px 16px; min-width: 0; overflow-wrap: anywhere; align-self: start;
  max-height: 80vh; overflow-y: auto; }
aside h2 { margin: 0 0 2px; font: italic 22px Georgia, "Liberation Serif", serif; }
aside h3 { margin: 14px 0 4px; font-size: 14px; color: var(--soft); font-weight: 600; }
aside p { margin: 4px 0; }
aside .formula, aside .term { font-family: ui-monospace, "DejaVu Sans Mono", monospace;
  font-size: 14px; }
aside .gradient { color: var(--grad); }
aside .source, .hint { color: var(--soft); font-size: 14px; }
.matrix { overflow-x: auto; }
.matrix table { border-collapse: collapse; font: 13px ui-monospace, "DejaVu Sans Mono", monospace;
  border-left: 2px solid var(--soft); border-right: 2px solid var(--soft); margin: 2px 0; }
.matrix td { padding: 1px 7px; text-align: right; white-space: nowrap; }
.ok { color: #1c7c3a; } .differs, .finite { color: #b3261e; }
@media (prefers-color-scheme: dark) { .ok { color: #6fd08c; } .differs, .finite { color: #ff8a80; } }
.everything, .pictures { margin: 0 24px 20px; }
.everything pre { overflow-x: auto; background: var(--card); border: 1px solid var(--rule);
  border-radius: 10px; padding: 12px 14px; font: 13px/1.4 ui-monospace, "DejaVu Sans Mono",
  monospace; }
.pictures h2 { font-size: 18px; margin: 10px 0 4px; }
.pictures h3 { font-size: 15px; margin: 12px 0 6px; color: var(--soft); }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(92px, 1fr)); gap: 10px; }
.grid figure { margin: 0; }
.grid canvas { width: 100%; image-rendering: pixelated; border: 1px solid var(--rule);
  border-radius: 4px; display: block; }
.grid figcaption { font-size: 12px; color: var(--soft); overflow-wrap: anywhere; }
@media (max-width: 820px) {
  main { grid-template-columns: minmax(0, 1fr); padding: 10px 14px 16px; }
  header { padding: 14px 14px 4px; }
  h1 { font-size: 17px; }
  .stage { height: 56vh; }
  .everything, .pictures { margin: 0 14px 16px; }
}
@media print {
  :root { --ink: #1b1b1b; --soft: #5c6670; --paper: #ffffff; --card: #ffffff; --grad: #b8360f; }
  .bar, .zoom, .hint, summary { display: none; }
  main { display: block; padding: 0; }
  .stage { height: auto; border: none; }
  .stage svg { height: auto; }
  aside { max-height: none; }
  .graph .off { visibility: visible; }
  .everything pre { border: none; white-space: pre-wrap; }
}
)css";
}

}  // namespace chainrule::detail
