// chainrule explain MODEL DATA --at NAME --update: from the gradient to the changed weight.
#include <algorithm>

#include "chainrule/core/json.h"
#include "chainrule/explain/update.h"
#include "cli/explain.h"
#include "cli/format.h"
#include "cli/terminal.h"

namespace chainrule::cli {

std::string explain_step(const Terminal& out, const ExplainFlags& flags, const Model& model,
                         const Dataset& data) {
  UpdateOptions options;
  options.optimizer = flags.optimizer;
  if (flags.lr) options.settings["lr"] = *flags.lr;
  if (flags.momentum) options.settings["momentum"] = *flags.momentum;
  if (flags.weight_decay) options.settings["weight_decay"] = *flags.weight_decay;
  options.batch = flags.batch;
  options.seed = static_cast<std::uint64_t>(flags.seed);
  options.clip_norm = flags.clip_norm, options.clip_value = flags.clip_value;
  options.after = flags.after;
  const Element element =
      find_element(model.graph(), flags.at, flags.batch, model.schema.picture());
  const UpdateExplanation u = explain_update(model, data, element, options);

  const auto line = [&](const std::string& what, const std::string& number) {
    out.line("  " + pad_right(what, 34) + number);
  };
  out.line();
  out.labelled("update", cat("step ", u.step, " of ", options.optimizer, " ", u.rate));
  out.line(wrap("  " + u.rule, std::min(out.width(), 100), 4));
  line("gradient of the samples' loss", compact(u.data_gradient));
  for (const auto& p : u.penalties) line("gradient of " + p.name, compact(p.amount));
  if (!u.penalties.empty()) line("gradient", compact(u.gradient));
  if (options.clip_value > 0 || options.clip_norm > 0)
    line(cat("clipped", options.clip_norm > 0 ? cat(", norm ", compact(u.norm)) : ""),
         compact(u.clipped));
  for (const auto& s : u.slots) line(s.name, compact(s.before) + " → " + compact(s.after));
  if (u.decay) line("change by weight decay", compact(*u.decay));
  line("change", compact(u.after - u.before));
  line(u.name, cat(compact(u.before), " → ", compact(u.after)));

  std::vector<JsonObject> penalties, slots;
  for (const auto& p : u.penalties)
    penalties.push_back(JsonObject().add("name", p.name).add("amount", p.amount));
  for (const auto& s : u.slots)
    slots.push_back(JsonObject().add("name", s.name).add("before", s.before).add("after", s.after));
  JsonObject json;
  json.add("optimizer", options.optimizer)
      .add("rule", u.rule)
      .add("step", u.step)
      .add("lr", u.rate)
      .add("data_gradient", u.data_gradient)
      .add("penalties", penalties)
      .add("gradient", u.gradient)
      .add("norm", u.norm)
      .add("clipped", u.clipped)
      .add("slots", slots)
      .add("before", u.before)
      .add("after", u.after);
  if (u.decay) json.add("weight_decay", *u.decay);
  return json.str();
}

}  // namespace chainrule::cli
