#include "chainrule/formula/formula.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "chainrule/core/error.h"
#include "chainrule/formula/formula_grammar.h"
#include "chainrule/formula/formula_recorder.h"
#include "chainrule/formula/mark.h"

namespace chainrule {

Formula::Formula(std::string_view text, const FormulaValues& values) : text_(text) {
  detail::FormulaRecorder recorder(*this, values);
  detail::read_formula(recorder);
}

std::unique_ptr<Tape<double>> Formula::run() const {
  auto tape = std::make_unique<Tape<double>>(*graph_);
  for (const auto& [id, value] : values_)
    tape->set(graph_->var(id), std::span<const double>(value.values));
  tape->forward();
  const std::optional<NonFinite> bad = tape->find_nonfinite();
  if (!bad) return tape;
  const Node& node = graph_->node(bad->node);
  const Place& place = places_[static_cast<std::size_t>(bad->node.id())];
  const auto results = tape->value(bad->node);
  const bool infinite = std::ranges::any_of(results, [](double x) { return std::isinf(x); });
  std::string what = cat("the result of this is ", infinite ? "infinite" : "not a number");
  for (const int in : node.inputs) {
    const Node& input = graph_->node(in);
    if (input.kind == NodeKind::class_input || input.shape.size() > 1) continue;
    const double x = tape->value(graph_->var(in))[0];
    const std::string name = input.name[0] == '#' ? "a number" : detail::quoted(input.name);
    what += cat(in == node.inputs[0] ? ": " : ", ", name, " is ", x);
  }
  throw NumericError(detail::marked(what, text_, place.begin, place.end));
}

}  // namespace chainrule
