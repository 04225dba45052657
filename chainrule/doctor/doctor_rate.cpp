// Findings about the size of the steps.
#include <algorithm>
#include <cmath>

#include "chainrule/core/error.h"
#include "chainrule/doctor/doctor_vitals.h"

namespace chainrule::detail {
namespace {

/// A loss that does not count as lower.
constexpr double kSame = 0.98;

std::int64_t step_of_worst(const Vitals& v) {
  return std::ranges::max_element(v.losses) - v.losses.begin() + 1;
}

void look_at_rates(const Vitals& v, std::vector<Finding>& found) {
  const RateRange range = rate_range(v.first.loss, v.rates);
  if (range.best == 0) return;  // no rate helps, so the rate is not what is wrong
  const double own = v.run.optimizer.lr(), first = v.first.loss;
  const double last = v.birth ? HUGE_VAL : v.last.loss;
  const double worst = v.losses.empty() ? first : *std::ranges::max_element(v.losses);
  const bool rose = !(last < kSame * first) || worst > 5 * first;
  Finding f{.severity = Severity::serious};
  f.evidence = {{"rate", own},
                {"best_rate", range.best},
                {"greatest_rate", range.greatest},
                {"first_loss", first},
                {"last_loss", v.last.loss},
                {"worst_loss", worst},
                {"best_trial_loss", range.best_loss}};
  const bool bad_neighbourhood = own > range.greatest || last > range.best_loss;
  if (own > 2 * range.best && rose && bad_neighbourhood && range.best_loss < 0.9 * first) {
    f.cause = "learning rate too high";
    f.detail = v.birth ? cat("the loss, ", shown(first),
                             " at first, is no number any more in step ", v.birth->step)
                       : cat("the loss went from ", shown(first), " to ", shown(worst), " in ",
                             step_of_worst(v), step_of_worst(v) == 1 ? " step" : " steps",
                             " and is ", shown(v.last.loss), " at the end");
    f.detail += cat("; it falls for rates up to ", shown(range.greatest));
    if (v.learned() && last < 1.5 * range.best_loss) f.severity = Severity::warning;
  } else if (own < 0.1 * range.best && range.best_loss < kSame * first &&
             first - last < 0.5 * (first - range.best_loss)) {
    f.cause = "learning rate too low";
    f.detail = cat("after ", v.steps, " steps the loss went from ", shown(first), " to ",
                   shown(v.last.loss), "; with a rate of ", shown(range.best),
                   " a few steps suffice for ", shown(range.best_loss));
    if (first - last > 0.25 * (first - range.best_loss)) f.severity = Severity::warning;
  } else {
    return;
  }
  f.advice = cat("--lr ", rounded(range.best, 2));
  found.push_back(f);
}

void look_at_updates(const Vitals& v, std::vector<Finding>& found) {
  const ParamVitals *large = nullptr, *small = nullptr;
  constexpr double kLarge = 0.2, kSmall = 1e-6;
  for (const ParamVitals& p : v.params) {
    // Biases start at 0 and grow to whatever they are.
    if (v.node(p.node).shape.rank() < 2 || p.greatest_gradient == 0) continue;
    if (p.update_ratio > kLarge && (!large || p.update_ratio > large->update_ratio)) large = &p;
    if (p.update_ratio > 0 && p.update_ratio < kSmall &&
        (!small || p.update_ratio < small->update_ratio))
      small = &p;
  }
  for (const ParamVitals* p : {large, small}) {
    if (p == nullptr || v.steps == 0) continue;
    Finding f{.cause = p == large ? "updates too large for the weights"
                                  : "updates too small for the weights",
              .severity = v.learned() ? Severity::note : Severity::warning,
              .at = v.node(p->node).name};
    f.detail = cat("a step changes the weights by ", shown(p->update_ratio),
                   " of their size; about 0.001 is usual");
    f.advice = p == large ? "lower the learning rate, or start with larger weights"
                          : "raise the learning rate, or start with smaller weights";
    f.evidence = {{"update_to_weight", p->update_ratio}};
    found.push_back(f);
  }
}

}  // namespace

RateRange rate_range(double first_loss, const std::vector<RateTrial>& rates) {
  RateRange range;
  for (const RateTrial& t : rates) {
    if (!(t.loss < kSame * first_loss)) continue;
    range.greatest = t.rate;
    if (range.best == 0 || t.loss < range.best_loss) range.best = t.rate, range.best_loss = t.loss;
  }
  // A few steps flatter great rates: of those that come close to the lowest loss, the smallest.
  constexpr double kClose = 0.1;
  for (const RateTrial& t : rates)
    if (t.loss <= range.best_loss + kClose * (first_loss - range.best_loss)) {
      range.best = t.rate, range.best_loss = t.loss;
      break;
    }
  return range;
}

void look_at_rate(const Vitals& v, std::vector<Finding>& found) {
  look_at_rates(v, found);
  look_at_updates(v, found);
}

}  // namespace chainrule::detail
