#include "cli/comparison.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <vector>

#include "chainrule/core/json.h"
#include "cli/describe.h"
#include "cli/format.h"
#include "cli/table.h"

namespace chainrule::cli {
namespace {

std::string sentence(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text + (text.ends_with('.') ? "" : ".");
}

void print_arrays(const Terminal& out, const Comparison& c) {
  std::size_t width = 0;
  for (const ArrayVerdict& a : c.arrays) width = std::max(width, a.name.size());
  for (const Cause& cause : c.causes) width = std::max(width, cause.at.size());
  bool shown = c.equal;
  const auto line = [&](const std::string& name, const std::string& text) {
    out.line("  " + pad_right(name, static_cast<int>(width) + 2) + text);
  };
  const bool is_array =
      std::ranges::any_of(c.arrays, [&](const ArrayVerdict& a) { return a.name == c.first; });
  for (const ArrayVerdict& a : c.arrays) {
    if (!a.equal && !shown && !is_array) line(c.first, out.bad("differs first here"));
    const bool here = !a.equal && !shown && is_array;
    shown |= !a.equal;
    const std::string figures = cat("   greatest difference ", compact(a.max_difference),
                                    ", greatest gradient ", compact(a.max_gradient));
    line(a.name, a.equal ? out.good("equal")
                         : (here ? out.bad("differs first here") : out.warn("differs")) +
                               (a.note.empty() ? figures : "   " + a.note));
  }
}

void print_unexplained(const Terminal& out, const Unexplained& u) {
  const auto say = [&](const std::string& text) { out.line(wrap(text, out.width(), 2)); };
  if (!u.between.empty()) say(cat("Where: ", u.between, "."));
  if (u.element.empty()) return;
  std::string text =
      cat("At ", u.element, " yours is ", compact(u.yours), ", right is ", compact(u.right));
  if (std::isfinite(u.ratio)) text += cat(", ratio ", compact(u.ratio));
  if (std::isfinite(u.least_ratio) && u.least_ratio < u.greatest_ratio)
    text +=
        cat(" (over all elements ", compact(u.least_ratio), " to ", compact(u.greatest_ratio), ")");
  if (!u.terms.empty()) text += "; of the right number " + u.terms;
  say(text + ".");
  say(u.correlates.empty() ? std::string("The difference goes with nothing that was looked at.")
                           : cat("The difference goes with ", u.correlates, " (correlation ",
                                 compact(u.correlation), ")."));
}

}  // namespace

void print_comparison(const Terminal& out, const Comparison& c) {
  for (const std::string& said : c.conventions)
    out.line(
        wrap((said == c.conventions[0] ? "understood  " : "            ") + said, out.width(), 12));
  if (!c.conventions.empty()) out.line();
  out.line(out.bold("from the loss backwards"));
  print_arrays(out, c);
  if (!c.not_given.empty() || !c.unknown.empty()) out.line();
  if (!c.not_given.empty()) out.line(wrap("not given   " + listed(c.not_given), out.width(), 12));
  if (!c.unknown.empty()) out.line(wrap("unknown     " + listed(c.unknown), out.width(), 12));
  out.line();
  if (c.equal) {
    out.line("All gradients are equal; what differs is the rounding of float.");
    return;
  }
  for (const Cause& cause : c.causes)
    out.line(wrap(cat(cause.at, ": ", cause.kind, ". ", sentence(cause.advice)), out.width(), 2));
  if (c.unexplained) print_unexplained(out, *c.unexplained);
  std::vector<std::string> corrected;
  for (const ArrayVerdict& a : c.arrays)
    if (!a.equal && a.corrected) corrected.push_back(a.name);
  const auto found = std::ranges::count_if(
      c.causes, [](const Cause& cause) { return cause.kind != "not explained"; });
  if (!corrected.empty() && found > 0)
    out.line(wrap(cat("After ", found == 1 ? "that correction " : "these corrections ",
                      listed(corrected), corrected.size() == 1 ? " agrees." : " agree."),
                  out.width(), 2));
}

std::string comparison_json(const Comparison& c) {
  std::vector<JsonObject> arrays, causes;
  for (const ArrayVerdict& a : c.arrays) {
    JsonObject o;
    o.add("name", a.name).add("equal", a.equal).add("corrected", a.corrected);
    o.add("max_difference", a.max_difference).add("max_gradient", a.max_gradient);
    o.add("tolerance", a.tolerance).add("ratio", a.ratio).add("cosine", a.cosine);
    if (!a.note.empty()) o.add("note", a.note);
    arrays.push_back(o);
  }
  for (const Cause& cause : c.causes)
    causes.push_back(
        JsonObject().add("at", cause.at).add("cause", cause.kind).add("advice", cause.advice));
  JsonObject json;
  json.add("equal", c.equal).add("first", c.first);
  json.add("cause", c.equal ? std::string("rounding of float") : c.causes[0].kind);
  json.add("explained", c.explained).add("causes", causes).add("evidence", arrays);
  json.add("conventions", c.conventions).add("not_given", c.not_given).add("unknown", c.unknown);
  if (c.unexplained) {
    const Unexplained& u = *c.unexplained;
    json.add("not_explained", JsonObject()
                                  .add("array", u.array)
                                  .add("between", u.between)
                                  .add("element", u.element)
                                  .add("yours", u.yours)
                                  .add("right", u.right)
                                  .add("ratio", u.ratio)
                                  .add("least_ratio", u.least_ratio)
                                  .add("greatest_ratio", u.greatest_ratio)
                                  .add("terms", u.terms)
                                  .add("correlates", u.correlates)
                                  .add("correlation", u.correlation));
  }
  return json.str();
}

}  // namespace chainrule::cli
