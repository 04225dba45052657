#include "cli/diagnosis.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "chainrule/core/error.h"
#include "cli/format.h"
#include "cli/terminal.h"

namespace chainrule::cli {
namespace {

std::string painted(const Terminal& out, Severity severity, const std::string& text) {
  if (severity == Severity::serious) return out.bad(text);
  return severity == Severity::warning ? out.warn(text) : out.dim(text);
}

void print_finding(const Terminal& out, const Answer& answer, const Finding& f, int number,
                   int width) {
  const int limit = std::min(out.width(), 100), indent = width + 15;
  const std::string head = pad_left(std::to_string(number), 2) + "  " + pad_right(f.cause, width) +
                           "  " + pad_right(std::string(to_string(f.severity)), 7) + "  ";
  const std::string place = f.at.empty() ? "" : f.at + ": ";
  const std::string lines = wrap(head + place + f.detail + ".", limit, indent);
  const std::size_t name = lines.find(f.cause);
  out.line(lines.substr(0, name) + painted(out, f.severity, f.cause) +
           lines.substr(name + f.cause.size()));
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  if (f.tried.empty()) {
    out.line(wrap(margin + "try: " + f.advice, limit, indent));
    return;
  }
  const Tried& t = f.tried[0];
  out.line(wrap(cat(margin, "tried: ", flags_text(t.flags), "   ", score_text(answer, t.after),
                    " instead of ", score_text(answer, t.before)),
                limit, indent));
}

JsonObject tried_json(const Tried& t) {
  return JsonObject()
      .add("change", t.words)
      .add("flags", flags_text(t.flags))
      .add("before", t.before)
      .add("after", t.after)
      .add("helped", t.helped);
}

JsonObject finding_json(const Finding& f) {
  JsonObject evidence;
  for (const auto& [name, value] : f.evidence) evidence.add(name, value);
  std::vector<std::string> fix;
  JsonObject tried;
  if (!f.tried.empty()) {
    for (const auto& [flag, value] : f.tried[0].flags) fix.push_back(flag), fix.push_back(value);
    tried = tried_json(f.tried[0]);
  }
  return JsonObject()
      .add("cause", f.cause)
      .add("severity", to_string(f.severity))
      .add("at", f.at)
      .add("detail", f.detail)
      .add("evidence", evidence)
      .add("advice", f.advice)
      .add("fix", fix)
      .add("tried", tried);
}

}  // namespace

std::string score_text(const Answer& answer, double score) {
  if (answer.classes) return cat(std::round(1000 * score) / 10, " %");
  return score < -1e6 ? "R^2 below -1,000,000" : "R^2 " + compact(score);
}

std::string flags_text(const Flags& flags) {
  std::string text;
  for (const auto& [flag, value] : flags)
    text += cat(text.empty() ? "" : " ", flag, " ", shell_word(value));
  return text;
}

void print_diagnosis(const Terminal& out, const Diagnosis& d, const std::string& folder) {
  const int limit = std::min(out.width(), 100);
  const std::string answer = wrap(d.answer.sentence, limit, 2);
  out.line(d.answer.learned ? out.good(answer) : out.bad(answer));
  out.line();
  int number = 0, width = 0;
  for (const Finding& f : d.findings) width = std::max(width, display_width(f.cause));
  for (const Finding& f : d.findings) print_finding(out, d.answer, f, ++number, width);
  if (d.findings.empty()) out.line(out.good("nothing is wrong with this run"));
  out.line();
  if (!d.healthy.empty()) out.labelled("healthy", listed(d.healthy));
  out.labelled("loss",
               cat(compact(d.first_loss), " at first, ", compact(d.last_loss), " at the end"));
  const auto file = [&](const char* name) {
    return shell_word((std::filesystem::path(folder) / name).string());
  };
  if (d.suggested_rate > 0)
    out.labelled("rates", cat("a few steps lower the loss furthest with --lr ", d.suggested_rate,
                              " (", file("rates.svg"), ")"));
  out.labelled("layers", file("gradient-flow.svg"));
}

JsonObject diagnosis_json(const Diagnosis& d) {
  std::vector<JsonObject> findings, rates, tried;
  for (const Finding& f : d.findings) findings.push_back(finding_json(f));
  for (const Tried& t : d.tried) tried.push_back(tried_json(t));
  for (const RateTrial& t : d.rates)
    rates.push_back(JsonObject().add("rate", t.rate).add("loss", t.loss));
  const Answer& a = d.answer;
  JsonObject baseline;
  baseline.add("score", std::string(a.classes ? "accuracy" : "r2"));
  baseline.add("run", a.score).add("interval", a.spread).add("training", a.training);
  baseline.add("constant", a.constant).add("linear", a.linear);
  baseline.add("auc", a.auc).add("nearest_rows", a.neighbour).add("rows", a.rows);
  baseline.add("part", std::string(a.on_training ? "training" : "test")).add("steps", a.steps);
  JsonObject json;
  json.add("learned", a.learned).add("answer", a.sentence).add("baseline", baseline);
  json.add("findings", findings).add("healthy", d.healthy).add("tried", tried);
  json.add("first_loss", d.first_loss).add("last_loss", d.last_loss);
  json.add("suggested_rate", d.suggested_rate).add("rates", rates);
  return json;
}

}  // namespace chainrule::cli
