#include "chainrule/doctor/doctor.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

#include "chainrule/core/error.h"
#include "chainrule/doctor/doctor_vitals.h"
#include "chainrule/doctor/plan.h"

namespace chainrule {
namespace {

using detail::Jury;
using detail::Lab;
using detail::Marks;
using detail::Outcome;
using detail::Plan;
using detail::Vitals;

/// Causes before what they cause: of equal severity the earlier one is named first.
constexpr std::string_view kOrder[] = {"constant inputs",
                                       "labels do not belong to the inputs",
                                       "loss does not fit the last layer",
                                       "penalty too strong",
                                       "symmetric initialisation",
                                       "inputs not normalised",
                                       "targets not scaled",
                                       "initialisation too large",
                                       "learning rate too high",
                                       "momentum too high",
                                       "learning rate too low",
                                       "dropout too strong",
                                       "clipping too tight",
                                       "no activation between layers",
                                       "NaN or infinity",
                                       "dead ReLUs",
                                       "saturated sigmoid",
                                       "saturated tanh",
                                       "exploding gradient",
                                       "vanishing gradient",
                                       "no gradient",
                                       "parameters never move",
                                       "initialisation too small",
                                       "initialisation",
                                       "batch_norm with a small batch",
                                       "batch too small",
                                       "batch too large",
                                       "too few units",
                                       "too few steps",
                                       "optimizer",
                                       "labels out of balance",
                                       "gap between training and test",
                                       "worse than a plain model",
                                       "did not learn",
                                       "updates too large for the weights",
                                       "updates too small for the weights"};

struct Family {
  void (*look)(const Vitals&, std::vector<Finding>&);
  std::string_view healthy;
};
constexpr Family kFamilies[] = {
    {detail::look_at_data, "inputs and labels"},
    {detail::look_at_setup, "last layer, loss and first weights"},
    {detail::look_at_rate, "learning rate"},
    {detail::look_at_layers, "values and gradients in the layers"},
    {detail::look_at_run, "the run itself"},
};

/// Where a cause belongs that was found by trying.
std::string_view family_of(std::string_view cause) {
  const auto has = [&](std::string_view part) { return cause.find(part) != cause.npos; };
  if (has("activation") || has("ReLU") || has("gradient") || has("saturated") || has("units"))
    return kFamilies[3].healthy;
  if (has("rate") || has("momentum") || has("optimizer")) return kFamilies[2].healthy;
  if (has("initialisation") || has("loss") || has("penalty")) return kFamilies[1].healthy;
  if (has("inputs") || has("targets") || has("labels")) return kFamilies[0].healthy;
  return kFamilies[4].healthy;
}

std::string percent_or_r2(bool classes, double score) {
  if (!classes)
    return score < -1e6 ? std::string("below -1,000,000") : cat(detail::rounded(score, 3));
  return cat(std::round(1000 * score) / 10, " %");
}

std::string sentence(const Answer& a) {
  const auto shown = [&](double s) { return percent_or_r2(a.classes, s); };
  const bool knows_less = a.neighbour - a.score > 0.1;
  std::string text = !a.beats_constant && a.ranks
                         ? cat("It tells the classes apart (AUC ", detail::rounded(a.auc, 2),
                               "), but is not right more often than a constant: ")
                     : !a.beats_constant ? "It did not learn: "
                     : !a.learned        ? "It learnt less than a straight line can: "
                     : knows_less        ? "It learnt, but less than the nearest rows know: "
                                         : "It learnt: ";
  text += a.classes ? shown(a.score) + " right" : "R^2 " + shown(a.score);
  if (a.spread > 0 && a.score > -1e6)
    text += a.classes ? cat(" ± ", std::round(1000 * a.spread) / 10, " %")
                      : cat(" ± ", detail::rounded(a.spread, 2));
  text += cat(" of ", grouped(a.rows), a.on_training ? " training rows" : " test rows", " after ",
              grouped(a.steps), " steps; a constant gives ", shown(a.constant),
              ", a straight line ", shown(a.linear));
  if (std::isfinite(a.neighbour)) text += cat(", the nearest rows ", shown(a.neighbour));
  return text + ".";
}

Answer answer_of(const Jury& jury, const Outcome& base, bool classes, std::int64_t steps) {
  Answer a{.classes = classes,
           .score = base.marks.score(),
           .spread = base.marks.spread(),
           .training = base.training,
           .constant = jury.constant().score(),
           .linear = jury.linear().score(),
           .neighbour = jury.neighbour().score(),
           .rows = jury.rows(),
           .on_training = jury.on_training(),
           .steps = steps};
  const Marks& m = base.marks;
  a.beats_constant = !base.diverged && better(m, jury.constant());
  a.learned = a.beats_constant && !better(jury.linear(), m);
  a.auc = m.auc_error > 0 ? m.auc : std::nan("");
  a.ranks = m.auc_error > 0 && m.auc - 0.5 > 3 * m.auc_error;
  a.sentence = sentence(a);
  return a;
}

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

/// So many steps of the run as its flags describe it, of those that are worth it.
struct Length {
  std::int64_t steps;
  bool whole;  ///< the run has no more
};
Length length_of(const Model& model, const Splits& data, const FitOptions& run) {
  constexpr std::int64_t kLeast = 300, kMost = 2000;
  constexpr double kWork = 4e10;
  const Index batches = std::max<Index>(1, (data.train.rows() + run.batch - 1) / run.batch);
  const std::int64_t wanted = run.steps > 0 ? run.steps : std::max(kLeast, run.epochs * batches);
  const std::int64_t able =
      std::min(run.steps > 0 ? wanted : kMost, detail::steps_for(model, run.batch, kWork, 50));
  return {std::min(wanted, able), wanted <= able};
}

/// Scores below that of a very wrong answer are all alike.
double bounded(double score) { return std::isfinite(score) ? std::max(score, -1.0) : -1.0; }

/// What changes the outcome: tried in order, within a bound of work.
std::vector<Tried> experiments(const Vitals& v, const Lab& lab, const Jury& jury, const Plan& plan,
                               const Outcome& base, const Length& length,
                               std::vector<detail::PlanChange>& kept) {
  std::vector<Tried> all;
  constexpr double kWork = 1.2e11;
  double done = 0;
  constexpr double kGain = 0.05;
  for (detail::PlanChange& c : detail::changes(v, plan, length.steps, length.whole)) {
    const bool longer = c.plan.run.steps > length.steps;
    const std::int64_t steps = longer ? c.plan.run.steps : length.steps;
    const double work = 6 * static_cast<double>(v.model.params().all().size()) *
                        static_cast<double>(c.plan.run.batch * steps);
    if (done + work > kWork && !all.empty()) continue;
    done += work;
    const auto outcome = lab.run(c.plan, steps);
    if (!outcome) continue;
    Tried t{c.words, c.flags, base.marks.score(), outcome->marks.score()};
    t.helped = !outcome->diverged && better(outcome->marks, base.marks) &&
               better(outcome->marks, jury.constant()) &&
               bounded(t.after) - bounded(t.before) > kGain;
    all.push_back(std::move(t));
    kept.push_back(std::move(c));
  }
  return all;
}

std::string outcome_text(bool classes, const Tried& t) {
  return cat(t.words, " it comes to ", percent_or_r2(classes, t.after), " instead of ",
             percent_or_r2(classes, t.before));
}

std::string flags_text(const Flags& flags) {
  std::string text;
  for (const auto& [flag, value] : flags)
    text += cat(text.empty() ? "" : " ", flag, " ",
                value.find(' ') == value.npos ? value : "'" + value + "'");
  return text;
}

/// The finding that a symptom of the same cause has already, or a new one.
Finding& finding_of(std::vector<Finding>& findings, const std::string& cause) {
  const auto same = [&](const Finding& f) {
    return f.cause == cause || (cause == "initialisation" && f.cause.find(cause) != f.cause.npos) ||
           (cause == "vanishing gradient" && f.cause.starts_with("saturated "));
  };
  const auto found = std::ranges::find_if(findings, same);
  if (found != findings.end()) return *found;
  findings.push_back({.cause = cause});
  return findings.back();
}

/// Findings from what helped; what was only seen is no more severe than a warning then.
void add_tried(const std::vector<Tried>& all, const std::vector<detail::PlanChange>& changes,
               const Answer& answer, std::vector<Finding>& findings) {
  double most = 0;
  const auto gain = [](const Tried& t) { return bounded(t.after) - bounded(t.before); };
  for (const Tried& t : all)
    if (t.helped) most = std::max(most, gain(t));
  if (most == 0) return;
  for (Finding& f : findings)
    if (f.cause != "constant inputs" && f.cause != "symmetric initialisation" &&
        f.cause != "loss does not fit the last layer")
      f.severity = std::min(f.severity, Severity::warning);
  bool first = true;
  std::vector<std::string> done;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Tried& t = all[i];
    // Of those that help nearly as much as any, the most special one is the cause.
    if (!t.helped || gain(t) < (first ? 0.8 : 0.6) * most) continue;
    if (std::ranges::find(done, changes[i].cause) != done.end()) continue;
    done.push_back(changes[i].cause);
    constexpr std::size_t kMost = 3;
    if (done.size() > kMost) break;
    Finding& f = finding_of(findings, changes[i].cause);
    const std::string text = outcome_text(answer.classes, t);
    f.detail = f.detail.empty() ? text : cat(f.detail, "; ", text);
    f.advice = flags_text(t.flags);
    f.tried = {t};
    f.evidence.emplace_back("before", t.before), f.evidence.emplace_back("after", t.after);
    constexpr double kMuch = 0.2;
    const bool serious = !answer.beats_constant || (!answer.learned && most > kMuch);
    f.severity = !first ? Severity::note : serious ? Severity::serious : Severity::warning;
    first = false;
  }
}

/// Nobody is told that a run is fine which did not learn.
void add_rest(const std::vector<Tried>& all, const Answer& a, const Jury& jury,
              std::vector<Finding>& findings) {
  if (a.learned && !(a.neighbour - a.score > 0.1)) return;
  if (std::ranges::any_of(findings,
                          [](const Finding& f) { return f.severity == Severity::serious; }))
    return;
  const bool helped = std::ranges::any_of(all, &Tried::helped);
  if (a.beats_constant && helped) return;
  // Of rare classes that it does tell apart the balance of the labels says enough.
  if (a.ranks && std::ranges::any_of(
                     findings, [](const Finding& f) { return f.cause == "labels out of balance"; }))
    return;
  std::string list;
  for (const Tried& t : all) list += cat(list.empty() ? "" : ", ", t.words);
  Finding f{.cause = a.beats_constant ? "worse than a plain model" : "did not learn",
            .severity = a.beats_constant ? Severity::warning : Severity::serious};
  f.detail = all.empty() ? std::string("nothing was tried")
             : helped    ? cat("what was tried helps, but not enough: ", list)
                         : cat("nothing that was tried helps: ", list);
  f.advice = better(jury.linear(), jury.constant()) || a.neighbour > a.constant + 0.1
                 ? "the inputs do tell something, as the plain models show; several things may be "
                   "wrong at once: begin from the defaults of chainrule train"
                 : "neither do the plain models learn it: look whether the inputs can answer the "
                   "question";
  f.evidence = {{"score", a.score}, {"constant", a.constant}, {"linear", a.linear}};
  findings.push_back(f);
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
  Vitals v = detail::examine(model, data, options);
  const Jury jury(data, options.run.seed, options.run.threads);
  const Lab lab(model, data, jury);
  const Length length = length_of(model, data, options.run);
  Plan plan{.text = model.text(),
            .options = model.options(),
            .run = options.run,
            .optimizer = std::string(options.run.optimizer.name()),
            .settings = options.settings};
  plan.settings["lr"] = options.run.optimizer.lr();
  const std::optional<Outcome> base = lab.run(plan, length.steps);
  if (!base) throw DataError("model and data do not fit together");
  Diagnosis d{.answer = answer_of(jury, *base, data.train.has_classes(), length.steps),
              .rates = v.rates,
              .flow = v.flow,
              .first_loss = v.first.loss,
              .last_loss = v.last.loss};
  v.jury = &jury;
  v.fine = d.answer.learned && !(d.answer.neighbour - d.answer.score > 0.1);
  for (const Family& family : kFamilies) {
    const std::size_t before = d.findings.size();
    family.look(v, d.findings);
    if (d.findings.size() == before) d.healthy.emplace_back(family.healthy);
  }
  temper_gap(d.findings);
  const bool rare = d.answer.ranks && std::ranges::any_of(d.findings, [](const Finding& f) {
                      return f.cause == "labels out of balance";
                    });
  if (!v.fine && !rare && options.experiments) {
    std::vector<detail::PlanChange> changes;
    d.tried = experiments(v, lab, jury, plan, *base, length, changes);
    add_tried(d.tried, changes, d.answer, d.findings);
  }
  add_rest(d.tried, d.answer, jury, d.findings);
  for (const Finding& f : d.findings) std::erase(d.healthy, family_of(f.cause));
  const auto order = [](const Finding& f) {
    // What was tried and helped is known to be the cause.
    return std::tuple(-static_cast<int>(f.severity), f.tried.empty(),
                      std::ranges::find(kOrder, f.cause));
  };
  std::ranges::stable_sort(d.findings, {}, order);
  d.suggested_rate = detail::rounded(detail::rate_range(v.first.loss, v.rates).best, 2);
  if (!d.findings.empty()) d.advice = d.findings[0].advice;
  return d;
}

}  // namespace chainrule
