#include "chainrule/compare/compare_search.h"

#include <cmath>
#include <numeric>
#include <tuple>

namespace chainrule::detail {
namespace {

/// Differences up to this part of the greatest element, and up to so many times what our own float
/// pass differs from our double one, are rounding.
constexpr double kRounding = 4e-6, kNoise = 16;
/// An array that is larger than ours has larger rounding, but never more than this part of itself.
constexpr double kMostRounding = 1e-4;

/// Does it change only what is stored, and no other gradient?
bool is_local(const Change& change) { return change.rules.empty() && !change.replay; }

}  // namespace

double greatest(const Values& v) {
  double top = 0;
  for (const double x : v) top = std::max(top, std::abs(x));
  return top;
}

double difference(const Values& a, const Values& b) {
  double top = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(a[i] - b[i]);
    if (std::isnan(d)) return HUGE_VAL;  // what is no number reproduces nothing
    top = std::max(top, d);
  }
  return top;
}

Search::Search(const Replay<double>& replay, const Replay<float>& rounded,
               const std::vector<GivenArray>& arrays, int loss)
    : replay_(replay), arrays_(arrays), loss_(loss), right_(replay.backward(loss)) {
  const Gradients<float> rough = rounded.backward(loss_);
  for (const GivenArray& a : arrays_) {
    const auto id = static_cast<std::size_t>(a.node);
    noise_.push_back(difference(right_[id], Values(rough[id].begin(), rough[id].end())));
    if (a.usable()) given_[a.node] = a.values;
  }
}

double Search::tolerance(std::size_t i, const Values& values) const {
  const double right = greatest(right_[static_cast<std::size_t>(arrays_[i].node)]);
  const double top = greatest(values);
  const double noise = kNoise * noise_[i];
  const double scaled = right > 0 ? noise * std::max(1.0, top / right) : noise;
  // Of a float with few digits, half a unit of the last one.
  const double stored = arrays_[i].digits < 24 ? std::ldexp(top, 1 - arrays_[i].digits) + 6e-8 : 0;
  return std::min(scaled, std::max(noise, kMostRounding * top)) + kRounding * top + stored;
}

/// An array without usable numbers cannot speak against a mistake.
void Search::judge(std::size_t i, Trial& trial) const {
  const Values& values = trial.values[i];
  if (!arrays_[i].usable()) {
    trial.agrees[i] = true;
    return;
  }
  const double apart = difference(values, arrays_[i].values);
  trial.agrees[i] = std::isfinite(apart) && apart <= tolerance(i, values);
}

Trial Search::evaluate(const Change& change, std::size_t last, bool stop_early) const {
  Trial trial{std::vector<bool>(arrays_.size()), std::vector<Values>(arrays_.size())};
  const Replay<double>& replay = change.replay ? *change.replay : replay_;
  replay.backward(loss_, change.rules, 1, [&](int id, Values& gradient) {
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
      if (arrays_[i].node != id) continue;
      Values& values = trial.values[i] = gradient;
      if (const auto f = change.stored.find(id); f != change.stored.end()) f->second(values);
      if (change.each_stored) change.each_stored(values);
      judge(i, trial);
      if (i == last || (stop_early && !trial.agrees[i])) return false;
    }
    return true;
  });
  return trial;
}

/// evaluate() of both together; what is only stored otherwise needs no walk.
Trial Search::evaluate_added(const Change& fixed, const Trial& now, const Change& added,
                             std::size_t last, bool stop_early) const {
  if (!is_local(added) || fixed.each_stored) {
    Change both = fixed;
    both.add(added);
    return evaluate(both, last, stop_early);
  }
  Trial trial = now;
  for (std::size_t i = 0; i < arrays_.size(); ++i) {
    const auto f = added.stored.find(arrays_[i].node);
    if (f == added.stored.end() && !added.each_stored) continue;
    if (f != added.stored.end()) f->second(trial.values[i]);
    if (added.each_stored) added.each_stored(trial.values[i]);
    judge(i, trial);
  }
  return trial;
}

/// The mistake with the number that fits array `array` best: Gauss and Newton, one unknown.
std::optional<Mistake> Search::fitted(const Mistake& m, const Change& fixed, const Trial& now,
                                      std::size_t array) const {
  const Values& theirs = arrays_[array].values;
  // Whoever makes a right array wrong is not it, whatever the number.
  const Change probe = m.with(m.starts.empty() ? 0 : *std::ranges::min_element(m.starts));
  if (Change both = fixed; !both.add(probe)) return std::nullopt;
  const Trial first = evaluate_added(fixed, now, probe, array, true);
  if (first.prefix() < std::min(now.prefix(), array)) return std::nullopt;
  const auto at = [&](double p) {
    return evaluate_added(fixed, now, m.with(p), array, false).values[array];
  };
  const auto dot = [](const Values& a, const Values& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  const auto minus = [](const Values& a, const Values& b) {
    Values d(a.size());
    std::ranges::transform(a, b, d.begin(), std::minus<>());
    return d;
  };
  double p = 0;
  if (m.starts.empty()) {
    const Values zero = at(0), slope = minus(at(1), zero);
    const double norm = dot(slope, slope);
    if (norm <= 1e-24 * dot(zero, zero) || norm == 0) return std::nullopt;
    p = dot(slope, minus(theirs, zero)) / norm;
  } else {
    double least = HUGE_VAL;
    for (const double start : m.starts) {
      const Values error = minus(at(start), theirs);
      if (const double e = dot(error, error); e < least) least = e, p = start;
    }
    for (int round = 0; round < 12; ++round) {
      const Values error = minus(at(p), theirs);
      const double h = 1e-4 * p;
      Values derivative = minus(minus(at(p + h), theirs), error);
      for (double& x : derivative) x /= h;
      const double norm = dot(derivative, derivative);
      if (!(norm > 0)) return std::nullopt;
      const double step = dot(derivative, error) / norm;
      // Never across zero: all these numbers are positive.
      const double next = p - step > 0.1 * p ? p - step : 0.1 * p;
      const bool done = std::abs(next - p) < 1e-9 * p;
      p = next;
      if (done) break;
    }
    if (!std::isfinite(p) || p > 1e3) return std::nullopt;
  }
  Mistake result = m;
  result.meaning = m.name(p);
  // One number explains one number always.
  const double small = 1e-3 * greatest(theirs);
  const auto numbers = std::ranges::count_if(theirs, [&](double x) { return std::abs(x) > small; });
  if (numbers < 2 && (result.meaning.rank >= Rank::any_factor || !m.starts.empty()))
    return std::nullopt;
  result.change = m.with(p);
  return result;
}

std::optional<Mistake> Search::best(const Change& fixed, const Trial& now,
                                    const std::vector<Mistake>& mistakes) const {
  const std::size_t wrong = now.prefix();
  std::optional<Mistake> found;
  // How far it explains, how special it is, and, while something else is wrong too, whether it
  // leaves other gradients alone.
  std::tuple<std::ptrdiff_t, int, bool> worth;
  bool complete = false;
  const auto consider = [&](const Mistake& m, bool from_loss) {
    if (Change both = fixed; !both.add(m.change)) return;
    const Trial trial = evaluate_added(fixed, now, m.change, arrays_.size(), from_loss);
    const std::size_t reach = trial.prefix();
    if (from_loss ? reach <= wrong : trial.count() <= now.count()) return;
    const bool all = reach == arrays_.size();
    // What was right before the correction is right after it.
    const Trial whole =
        from_loss && !all ? evaluate_added(fixed, now, m.change, arrays_.size(), false) : trial;
    for (std::size_t i = 0; i < arrays_.size(); ++i)
      if (now.agrees[i] && !whole.agrees[i]) return;
    const std::tuple candidate(from_loss ? static_cast<std::ptrdiff_t>(reach) : trial.count(),
                               -static_cast<int>(m.meaning.rank), !all && is_local(m.change));
    if (found && candidate <= worth) return;
    found = m, worth = candidate, complete = all;
  };
  for (const bool from_loss : {true, false}) {
    if (found) break;
    for (const Mistake& m : mistakes)
      if (!m.with) consider(m, from_loss);
    for (const bool linear : {true, false}) {
      if (complete && !linear) break;
      for (const Mistake& m : mistakes) {
        if (!m.with || m.starts.empty() != linear) continue;
        for (std::size_t i = wrong; i < arrays_.size(); ++i) {
          if (!arrays_[i].usable() || now.agrees[i]) continue;
          if (const auto fit = fitted(m, fixed, now, i)) consider(*fit, from_loss);
          if (from_loss) break;
        }
      }
    }
  }
  return found;
}

}  // namespace chainrule::detail
