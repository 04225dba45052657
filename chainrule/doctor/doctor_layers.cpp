// Findings about what passes through the layers: values forward, gradients backward.
#include <algorithm>
#include <cmath>

#include "chainrule/core/error.h"
#include "chainrule/doctor/doctor_vitals.h"

namespace chainrule::detail {
namespace {

double at(const std::vector<double>& v, int id) { return v[static_cast<std::size_t>(id)]; }

std::string percent(double part) { return cat(std::round(1000 * part) / 10, " %"); }

/// How much of the gradient that reaches an activation comes out below it.
double passes(const Vitals& v, const Exam& exam, int id) {
  const double above = at(exam.gradient_rms, id),
               below = at(exam.gradient_rms, v.node(id).inputs[0]);
  return above > 0 ? below / above : 1;
}

bool feeds_loss(const Vitals& v, int id) { return id == v.model.output().id(); }

void look_at_dead(const Vitals& v, std::vector<Finding>& found) {
  int worst = -1;
  double most = 0;
  constexpr Index kLeastRows = 20;
  if (v.exam_rows < kLeastRows) return;
  for (int id = 0; id < v.graph().size(); ++id) {
    const OpTraits* traits = v.traits(id);
    if (traits == nullptr || !traits->mask || traits->low != 0) continue;
    const double dead = std::max(at(v.first.dead, id), at(v.last.dead, id));
    if (dead > most) most = dead, worst = id;
  }
  if (most < 0.3) return;
  const bool early = at(v.first.dead, worst) > 0.3;
  Finding f{.cause = "dead ReLUs",
            .severity = v.learned() && most < 0.9 ? Severity::note
                        : most > 0.6              ? Severity::serious
                                                  : Severity::warning,
            .at = v.node(worst).name};
  f.detail = cat(percent(most), " of its units are 0 for all of ", v.exam_rows, " rows",
                 early ? " before the first step" : " after the run",
                 ": they get no gradient and cannot come back");
  f.advice = early
                 ? "look at the biases and the scale of the inputs; leaky_relu lets some gradient "
                   "through"
                 : "lower the learning rate, or use leaky_relu";
  f.evidence = {{"dead_before", at(v.first.dead, worst)}, {"dead_after", at(v.last.dead, worst)}};
  found.push_back(f);
}

void look_at_saturated(const Vitals& v, std::vector<Finding>& found) {
  int worst = -1;
  double most = 0, passed = 1;
  for (int id = 0; id < v.graph().size(); ++id) {
    const OpTraits* traits = v.traits(id);
    if (traits == nullptr || !traits->elementwise || !traits->saturates() || feeds_loss(v, id))
      continue;
    for (const Exam* exam : {&v.first, &v.last})
      if (const double s = at(exam->saturated, id); s > most)
        most = s, worst = id, passed = passes(v, *exam, id);
  }
  if (most < 0.4) return;
  const bool early = at(v.first.saturated, worst) > 0.4;
  const std::string op(v.op(worst));
  Finding f{.cause = cat("saturated ", op),
            .severity = v.learned()  ? Severity::note
                        : most > 0.6 ? Severity::serious
                                     : Severity::warning,
            .at = v.node(worst).name};
  f.detail = cat(percent(most), " of its outputs lie at the limits",
                 early ? " before the first step" : " after the run",
                 "; the gradient that passes is ", percent(passed), " of the incoming");
  f.advice = early ? "start with smaller weights, and normalise the inputs"
                   : "lower the learning rate, or use relu";
  f.evidence = {{"saturated_before", at(v.first.saturated, worst)},
                {"saturated_after", at(v.last.saturated, worst)},
                {"gradient_passed", passed}};
  found.push_back(f);
}

/// The gradients of the outputs of the linear layers, first against last.
void look_at_flow(const Vitals& v, std::vector<Finding>& found) {
  std::vector<int> layers;
  for (int id = 0; id < v.graph().size(); ++id)
    if (const OpTraits* traits = v.traits(id); traits && traits->weighs()) layers.push_back(id);
  if (layers.size() < 2) return;
  const double bottom = at(v.first.gradient_rms, layers.front()),
               top = at(v.first.gradient_rms, layers.back());
  if (!(top > 0) || !std::isfinite(bottom / top)) return;
  const double ratio = bottom / top;
  const bool vanishes = ratio<1e-3, explodes = ratio> 1e2;
  if ((!vanishes && !explodes) || ratio == 0) return;
  const bool extreme = ratio < 1e-4 || ratio > 1e3;
  Finding f{.cause = vanishes ? "vanishing gradient" : "exploding gradient",
            .severity = v.learned() ? (extreme ? Severity::warning : Severity::note)
                        : extreme   ? Severity::serious
                                    : Severity::warning,
            .at = v.node(layers.front()).name};
  f.detail = cat("the gradient at '", v.node(layers.front()).name, "' is ", shown(ratio),
                 " times that at '", v.node(layers.back()).name, "', ", layers.size() - 1,
                 layers.size() == 2 ? " layer above" : " layers above");
  f.advice = vanishes ? "use relu and he_normal, fewer layers, or batch_norm"
                      : "start with smaller weights, use batch_norm, or clip the gradients";
  f.evidence = {{"first_to_last", ratio}, {"layers", static_cast<double>(layers.size())}};
  for (const int id : layers)
    f.evidence.emplace_back(cat("gradient_rms.", v.node(id).name), at(v.first.gradient_rms, id));
  found.push_back(f);
}

/// Batch normalisation subtracts the mean, and with it the bias before it.
bool before_normalisation(const Vitals& v, int param) {
  for (int id = 0; id < v.graph().size(); ++id)
    for (const int in : v.node(id).inputs)
      if (in == param)
        for (int next = id + 1; next < v.graph().size(); ++next)
          if (v.op(next) == "batch_norm" && v.node(next).inputs[0] == id) return true;
  return false;
}

void look_at_params(const Vitals& v, std::vector<Finding>& found) {
  if (v.steps == 0) return;
  std::string none, still;
  double count_none = 0, count_still = 0;
  for (const ParamVitals& p : v.params) {
    const std::string& name = v.node(p.node).name;
    if (p.greatest_gradient == 0)
      none += cat(count_none++ > 0 ? ", " : "", name);
    else if (p.moved == 0 && !before_normalisation(v, p.node))
      still += cat(count_still++ > 0 ? ", " : "", name);
  }
  const auto first = [](const std::string& list) { return list.substr(0, list.find(',')); };
  if (count_none > 0) {
    Finding f{.cause = "no gradient",
              .severity = v.learned() ? Severity::note : Severity::serious,
              .at = first(none)};
    f.detail = cat("in ", v.steps, v.steps == 1 ? " step" : " steps",
                   " no gradient other than 0 reached ", none);
    f.advice = "look above these parameters for dead units, masks or weights of 0";
    f.evidence = {{"parameters", count_none}};
    found.push_back(f);
  }
  if (count_still > 0) {
    Finding f{.cause = "parameters never move",
              .severity = v.learned() ? Severity::note : Severity::serious,
              .at = first(still)};
    f.detail =
        cat("gradients reach ", still, ", but in ", v.steps, v.steps == 1 ? " step" : " steps",
            " nothing changed: the updates are lost in rounding");
    f.advice = "raise the learning rate";
    f.evidence = {{"parameters", count_still}};
    found.push_back(f);
  }
}

}  // namespace

void look_at_layers(const Vitals& v, std::vector<Finding>& found) {
  look_at_dead(v, found);
  look_at_saturated(v, found);
  look_at_flow(v, found);
  look_at_params(v, found);
}

}  // namespace chainrule::detail
