#include "chainrule/picture/page.h"

#include <algorithm>

#include "chainrule/core/error.h"
#include "chainrule/explain/text.h"
#include "chainrule/picture/drawing.h"
#include "chainrule/picture/svg.h"

namespace chainrule {
namespace detail {
namespace {

/// JSON as the content of a <script>: no "</" can end it early.
std::string embedded(std::string_view json) {
  std::string s;
  for (const char c : json) {
    if (c == '<')
      s += "\\u003c";
    else
      s += c;
  }
  return s;
}

/// Text with its line ends, which svg::escape() does not allow.
std::string preformatted(std::string_view text) {
  std::string s;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    s += svg::escape(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return s;
}

}  // namespace

std::string page(const Explanation& e, std::string_view title, std::string_view section,
                 std::string_view section_json) {
  const std::string name = svg::escape(title);
  return cat(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n<title>",
      name, "</title>\n<style>", drawing_style(), page_style(), "</style>\n</head>\n<body>\n",
      R"html(<header>
<h1>)html",
      name, R"html(</h1>
<p class="legend"><span class="value-key">values</span> above the arrows, <span
 class="gradient-key">gradients</span> below: d )html",
      svg::escape(e.out().label), R"html( / d …</p>
</header>
<main>
<section class="graph-side" aria-label="Graph">
<div class="bar" role="group" aria-label="Steps">
<button id="back" type="button" aria-label="One step back">◀</button>
<input id="step" type="range" min="0" value="0" aria-label="Step of the calculation">
<button id="forward" type="button" aria-label="One step forward">▶</button>
<output id="where" for="step"></output>
</div>
<div class="stage" id="stage">
)html",
      drawing(e, title, true), R"html(<div class="zoom" role="group" aria-label="Zoom">
<button id="in" type="button" aria-label="Zoom in">+</button>
<button id="out" type="button" aria-label="Zoom out">−</button>
<button id="fit" type="button" aria-label="Show all">⤢</button>
</div>
</div>
</section>
<aside id="panel" aria-live="polite" aria-label="Node"><p class="hint">Choose a node: its formula,
 values, gradients, local derivatives and contributions appear here.</p></aside>
</main>
)html",
      section, R"html(<details class="everything">
<summary>Everything as text</summary>
<pre tabindex="0">)html",
      preformatted(explanation_text(e)), "</pre>\n</details>\n",
      "<script type=\"application/json\" id=\"data\">", embedded(explanation_json(e)),
      "</script>\n",
      section_json.empty() ? ""
                           : cat("<script type=\"application/json\" id=\"section-data\">",
                                 embedded(section_json), "</script>\n"),
      "<script>", page_script(), page_pictures_script(), "</script>\n</body>\n</html>\n");
}

}  // namespace detail

std::string explanation_page(const Explanation& e, std::string_view title) {
  return detail::page(e, title, "", "");
}

}  // namespace chainrule
