// The two halves of chainrule explain: a formula, or a model on a batch.
#pragma once

#include <string>
#include <vector>

namespace chainrule::cli {

struct ExplainFlags {
  std::vector<std::string> words;
  std::string svg, html;
  bool json = false;
};

int explain_formula(const ExplainFlags& flags);

}  // namespace chainrule::cli
