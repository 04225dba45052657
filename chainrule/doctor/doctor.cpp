#include "chainrule/doctor/doctor.h"

#include <algorithm>
#include <cmath>

#include "chainrule/core/error.h"
#include "chainrule/doctor/doctor_vitals.h"

namespace chainrule {
namespace {

/// Causes before what they cause: of equal severity the earlier one is named first.
constexpr std::string_view kOrder[] = {"inputs not normalised",
                                       "constant inputs",
                                       "labels do not belong to the inputs",
                                       "loss does not fit the last layer",
                                       "symmetric initialisation",
                                       "initialisation too large",
                                       "learning rate too high",
                                       "learning rate too low",
                                       "NaN or infinity",
                                       "dead ReLUs",
                                       "saturated sigmoid",
                                       "saturated tanh",
                                       "exploding gradient",
                                       "vanishing gradient",
                                       "no gradient",
                                       "parameters never move",
                                       "initialisation too small",
                                       "labels out of balance",
                                       "gap between training and test",
                                       "updates too large for the weights",
                                       "updates too small for the weights"};

struct Family {
  void (*look)(const detail::Vitals&, std::vector<Finding>&);
  std::string_view healthy;
};
constexpr Family kFamilies[] = {
    {detail::look_at_data, "inputs and labels"},
    {detail::look_at_setup, "last layer, loss and first weights"},
    {detail::look_at_rate, "learning rate"},
    {detail::look_at_layers, "values and gradients in the layers"},
    {detail::look_at_run, "the run itself"},
};

/// A network that learns badly for another reason fits its own rows at most: then the gap is no
/// more severe than what makes it.
void temper_gap(std::vector<Finding>& findings) {
  const auto gap = std::ranges::find(findings, std::string_view("gap between training and test"),
                                     &Finding::cause);
  if (gap == findings.end()) return;
  Severity others = Severity::note;
  for (const Finding& f : findings)
    if (f.cause != gap->cause) others = std::max(others, f.severity);
  if (others != Severity::note) gap->severity = std::min(gap->severity, others);
}

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    default:
      return "serious";
  }
}

Diagnosis diagnose(Model& model, const Splits& data, const DoctorOptions& options) {
  const detail::Vitals v = detail::examine(model, data, options);
  Diagnosis d{
      .rates = v.rates, .flow = v.flow, .first_loss = v.first.loss, .last_loss = v.last.loss};
  for (const Family& family : kFamilies) {
    const std::size_t before = d.findings.size();
    family.look(v, d.findings);
    if (d.findings.size() == before) d.healthy.emplace_back(family.healthy);
  }
  temper_gap(d.findings);
  const auto order = [](const Finding& f) {
    return std::pair(-static_cast<int>(f.severity), std::ranges::find(kOrder, f.cause));
  };
  std::ranges::stable_sort(d.findings, {}, order);
  d.suggested_rate = detail::rounded(detail::rate_range(v.first.loss, v.rates).best, 2);
  if (!d.findings.empty()) d.advice = d.findings[0].advice;
  return d;
}

}  // namespace chainrule
