// chainrule explain FORMULA name=value...
#include "chainrule/explain/text.h"
#include "chainrule/files/atomic_file.h"
#include "chainrule/formula/formula.h"
#include "chainrule/picture/drawing.h"
#include "chainrule/picture/page.h"
#include "cli/args.h"
#include "cli/explain.h"
#include "cli/format.h"
#include "cli/terminal.h"

namespace chainrule::cli {

int explain_formula(const ExplainFlags& flags) {
  const Terminal out(flags.json ? stderr : stdout);
  if (!flags.pictures.empty())
    throw UsageError("--pictures DIR is for a model; a formula is drawn by --svg and --html");
  FormulaValues values;
  for (std::size_t i = 1; i < flags.words.size(); ++i) add_formula_value(flags.words[i], values);
  const Formula formula(flags.words[0], values);
  const auto tape = formula.run();
  const Explanation e = explain(*tape, formula.result(), {.fixed = formula.literals()});
  out.print(explanation_text(e));

  std::vector<std::string> written;
  const auto write = [&](const std::string& path, const std::string& text) {
    write_file(path, text);
    written.push_back(shell_word(path));
  };
  if (!flags.svg.empty()) write(flags.svg, explanation_svg(e, formula.text()));
  if (!flags.html.empty()) write(flags.html, explanation_page(e, formula.text()));
  if (!written.empty()) {
    out.line();
    out.labelled("wrote", listed(written));
  }
  if (flags.json) Terminal(stdout).line(explanation_json(e));
  return kOk;
}

}  // namespace chainrule::cli
