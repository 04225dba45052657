#include "chainrule/explain/compare.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "chainrule/core/error.h"
#include "chainrule/explain/given_arrays.h"
#include "chainrule/explain/mistakes.h"
#include "chainrule/graph/op.h"
#include "chainrule/train/feed.h"

namespace chainrule {
namespace {

using detail::Change;
using detail::GivenArray;
using detail::Meaning;
using detail::Mistake;
using detail::Rank;
using Values = std::vector<double>;

/// Differences up to this part of the greatest element, and up to so many times what our own float
/// pass differs from our double one, are rounding.
constexpr double kRounding = 4e-6, kNoise = 16;

double greatest(const Values& v) {
  double top = 0;
  for (const double x : v) top = std::max(top, std::abs(x));
  return top;
}

double difference(const Values& a, const Values& b) {
  double top = 0;
  for (std::size_t i = 0; i < a.size(); ++i) top = std::max(top, std::abs(a[i] - b[i]));
  return top;
}

/// The model's passes over the batch.
template <class T>
Replay<T> run(const Model& model, const Feed& feed, const Pass& pass,
              const std::map<int, Values>& masks, ThreadPool& pool) {
  Params<T> params(model.graph());
  std::ranges::copy(model.params().all(), params.all().begin());
  Tape<T> tape(params, {.rows = feed.rows(), .input_gradients = false});
  std::vector<std::int32_t> rows(static_cast<std::size_t>(feed.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  feed(tape, rows);
  Replay<T> replay(tape, params, pool);
  for (const auto& [id, mask] : masks)
    replay.set_mask(id, std::vector<T>(mask.begin(), mask.end()));
  replay.forward(pass);
  return replay;
}

/// The node that turns rows into one number.
int mean_node(const Graph& g, int loss) {
  for (int id = loss; id >= 0; --id) {
    const Node& node = g.node(id);
    if (node.kind == NodeKind::op && !node.shape.batched() &&
        std::ranges::any_of(node.inputs, [&](int in) { return g.node(in).shape.batched(); }))
      return id;
  }
  return loss;
}

class Search {
 public:
  Search(const Model& model, const Replay<double>& replay, const Replay<float>& rounded,
         const std::vector<GivenArray>& arrays, const Pass& pass)
      : model_(model), replay_(replay), arrays_(arrays), pass_(pass), loss_(model.loss().id()) {
    right_ = replay.backward(loss_);
    const Gradients<float> rough = rounded.backward(loss_);
    for (const GivenArray& a : arrays_) {
      const auto id = static_cast<std::size_t>(a.node);
      noise_.push_back(difference(right_[id], Values(rough[id].begin(), rough[id].end())));
      if (a.usable()) given_[a.node] = a.values;
    }
  }

  Comparison operator()();

 private:
  struct Trial {
    std::vector<bool> agrees;    // by array, false behind the place where the walk was ended
    std::vector<Values> values;  // what they would be
    std::size_t prefix() const {
      return static_cast<std::size_t>(std::ranges::find(agrees, false) - agrees.begin());
    }
    auto count() const { return std::ranges::count(agrees, true); }
  };
  struct Found {
    Mistake mistake;
    Trial trial;
  };

  double tolerance(std::size_t i, const Values& values) const {
    const double right = greatest(right_[static_cast<std::size_t>(arrays_[i].node)]);
    const double top = greatest(values);
    const double larger = right > 0 ? std::max(1.0, top / right) : 1.0;
    return kNoise * noise_[i] * larger + kRounding * top;
  }
  Trial evaluate(const Change& change, bool stop_early) const;
  std::optional<Found> best(const Change& fixed, const Trial& now,
                            const std::vector<Mistake>& mistakes) const;
  std::optional<Mistake> fitted(const Mistake& m, const Change& fixed, std::size_t array) const;
  Cause describe(const Mistake& m, const Change& change, std::size_t first_wrong) const;

  const Model& model_;
  const Replay<double>& replay_;
  const std::vector<GivenArray>& arrays_;
  Pass pass_;
  int loss_;
  Gradients<double> right_;
  std::vector<double> noise_;
  std::map<int, Values> given_;
};

Search::Trial Search::evaluate(const Change& change, bool stop_early) const {
  Trial trial{std::vector<bool>(arrays_.size()), std::vector<Values>(arrays_.size())};
  const Replay<double>& replay = change.replay ? *change.replay : replay_;
  replay.backward(loss_, change.rules, 1, [&](int id, Values& gradient) {
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
      if (arrays_[i].node != id) continue;
      Values& values = trial.values[i] = gradient;
      if (const auto f = change.stored.find(id); f != change.stored.end()) f->second(values);
      if (change.each_stored) change.each_stored(values);
      trial.agrees[i] =
          arrays_[i].usable() && difference(values, arrays_[i].values) <= tolerance(i, values);
      if (stop_early && arrays_[i].usable() && !trial.agrees[i]) return false;
    }
    return true;
  });
  // What has no usable numbers cannot speak against a mistake.
  for (std::size_t i = 0; i < arrays_.size(); ++i)
    if (!arrays_[i].usable() && !trial.values[i].empty()) trial.agrees[i] = true;
  return trial;
}

/// The mistake with the number that fits array `array` best: Gauss and Newton, one unknown.
std::optional<Mistake> Search::fitted(const Mistake& m, const Change& fixed,
                                      std::size_t array) const {
  const Values& theirs = arrays_[array].values;
  bool conflict = false;
  const auto at = [&](double p) {
    Change change = fixed;
    conflict |= !change.add(m.with(p));
    return conflict ? theirs : evaluate(change, false).values[array];
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
    if (conflict || norm <= 1e-24 * dot(zero, zero) || norm == 0) return std::nullopt;
    p = dot(slope, minus(theirs, zero)) / norm;
  } else {
    double least = HUGE_VAL;
    for (const double start : m.starts) {
      const Values error = minus(at(start), theirs);
      if (const double e = dot(error, error); e < least) least = e, p = start;
    }
    for (int round = 0; round < 12 && !conflict; ++round) {
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
  if (conflict) return std::nullopt;
  Mistake result = m;
  result.meaning = m.name(p);
  // One number explains one number always.
  if (theirs.size() < 2 && (result.meaning.rank >= Rank::any_factor || !m.starts.empty()))
    return std::nullopt;
  result.change = m.with(p);
  return result;
}

std::optional<Search::Found> Search::best(const Change& fixed, const Trial& now,
                                          const std::vector<Mistake>& mistakes) const {
  const std::size_t wrong = now.prefix();
  std::optional<Found> found;
  const auto consider = [&](const Mistake& m, bool stop_early) {
    Change change = fixed;
    if (!change.add(m.change)) return;
    Trial trial = evaluate(change, stop_early);
    const bool helps = stop_early ? trial.prefix() > wrong : trial.count() > now.count();
    if (!helps) return;
    const auto worth = [&](const Found& f) {
      const auto reach = stop_early ? static_cast<std::ptrdiff_t>(f.trial.prefix())
                                    : static_cast<std::ptrdiff_t>(f.trial.count());
      return std::pair(reach, -static_cast<int>(f.mistake.meaning.rank));
    };
    Found candidate{m, std::move(trial)};
    if (!found || worth(candidate) > worth(*found)) found = std::move(candidate);
  };
  const auto complete = [&] { return found && found->trial.prefix() == arrays_.size(); };
  for (const bool stop_early : {true, false}) {
    if (found) break;
    for (const Mistake& m : mistakes)
      if (!m.with) consider(m, stop_early);
    for (const bool linear : {true, false}) {
      if (complete() && !linear) break;
      for (const Mistake& m : mistakes) {
        if (!m.with || m.starts.empty() != linear) continue;
        for (std::size_t i = wrong; i < arrays_.size(); ++i) {
          if (!arrays_[i].usable() || now.agrees[i]) continue;
          if (const auto fit = fitted(m, fixed, i)) consider(*fit, stop_early);
          if (stop_early) break;
        }
      }
    }
  }
  return found;
}

Cause Search::describe(const Mistake& m, const Change& change, std::size_t first_wrong) const {
  Cause cause{m.first.empty() ? arrays_[first_wrong].name : m.first, m.meaning.cause,
              m.meaning.advice};
  if (m.change.rules.size() != 1 || m.meaning.rank != Rank::structure) return cause;
  // Where does what this node hands down differ?
  const int id = m.change.rules.begin()->first;
  const int input = model_.graph().node(id).inputs[0];
  if (!model_.graph().node(input).shape.batched()) return cause;
  Change without = change;
  without.rules.erase(id);
  const auto gradient = [&](const Change& c) {
    return replay_.backward(loss_, c.rules)[static_cast<std::size_t>(input)];
  };
  const Values wrong = gradient(change), right = gradient(without);
  std::int64_t places = 0;
  for (std::size_t i = 0; i < wrong.size(); ++i)
    places += std::abs(wrong[i] - right[i]) > kRounding * std::abs(right[i]);
  if (places > 0)
    cause.advice =
        cat("at ", grouped(places), " of ", grouped(static_cast<std::int64_t>(wrong.size())),
            " places what it hands down is wrong: ", cause.advice);
  return cause;
}

Comparison Search::operator()() {
  Comparison result;
  const Node& loss_op = model_.graph().node(model_.sample_loss());
  const detail::Case c{.replay = replay_,
                       .loss = loss_,
                       .mean = mean_node(model_.graph(), loss_),
                       .output = loss_op.inputs[0],
                       .target = model_.target().id(),
                       .right = right_,
                       .given = given_,
                       .pass = pass_};
  const Trial plain = evaluate({}, false);
  std::vector<Mistake> mistakes;
  const std::size_t wrong = plain.prefix();
  if (wrong < arrays_.size()) {
    detail::add_local_mistakes(c, mistakes);
    detail::add_stored_mistakes(c, mistakes);
    detail::add_factors(c, mistakes);
    detail::add_other_passes(c, mistakes);
  }
  Change change;
  Trial now = plain;
  std::vector<std::pair<int, Cause>> causes;
  constexpr int kMostCauses = 4;
  for (int round = 0; round < kMostCauses && now.prefix() < arrays_.size(); ++round) {
    const auto found = best(change, now, mistakes);
    if (!found) break;
    change.add(found->mistake.change);
    Cause cause = describe(found->mistake, change, now.prefix());
    causes.emplace_back(model_.graph().find(cause.at).id(), std::move(cause));
    now = evaluate(change, false);
  }
  if (now.prefix() < arrays_.size()) {
    const GivenArray& a = arrays_[now.prefix()];
    causes.emplace_back(a.node, Cause{a.name, "unknown", "no known mistake reproduces it"});
  }
  result.explained = now.prefix() == arrays_.size();
  std::ranges::stable_sort(causes, std::ranges::greater(),
                           [](const auto& pair) { return pair.first; });
  for (auto& [id, cause] : causes) result.causes.push_back(std::move(cause));
  // Shapes and layouts, when the numbers themselves are right or after them.
  for (const GivenArray& a : arrays_)
    if (!a.kind.empty() && std::ranges::none_of(result.causes, [&](const Cause& k) {
          return k.kind == a.kind && a.kind == "transposed";
        }))
      result.causes.push_back({a.name, a.kind, a.note});

  for (std::size_t i = 0; i < arrays_.size(); ++i) {
    const GivenArray& a = arrays_[i];
    const Values& right = right_[static_cast<std::size_t>(a.node)];
    ArrayVerdict v{.name = a.name,
                   .equal = plain.agrees[i] && a.kind.empty(),
                   .corrected = now.agrees[i],
                   .max_gradient = greatest(right),
                   .tolerance = tolerance(i, right),
                   .note = a.note};
    if (a.usable()) {
      v.max_difference = difference(right, a.values);
      const auto dot = [](const Values& x, const Values& y) {
        return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
      };
      const double rr = dot(right, right), rt = dot(right, a.values), tt = dot(a.values, a.values);
      v.ratio = rr > 0 ? rt / rr : 0;
      v.cosine = rr > 0 && tt > 0 ? rt / std::sqrt(rr * tt) : 0;
    }
    result.arrays.push_back(std::move(v));
  }
  result.equal = result.causes.empty();
  if (!result.equal) result.first = result.causes[0].at;
  return result;
}

}  // namespace

Comparison compare(const Model& model, const Dataset& batch,
                   std::span<const data::NpzArray> gradients, const CompareOptions& options) {
  const Feed feed(model, batch);
  feed.check_targets();
  if (feed.rows() == 0) throw DataError("the batch has no rows");
  const detail::GivenArrays given =
      detail::read_given(model.graph(), model.loss().id(), feed.rows(), gradients);
  for (int id = 0; options.pass.training && id < model.graph().size(); ++id) {
    const Node& node = model.graph().node(id);
    if (node.op && node.op->doc().name == "dropout" && !given.masks.contains(id))
      throw DataError(cat("the mask of '", node.name,
                          "' is missing: put what you multiplied by "
                          "among the arrays as '",
                          node.name, ".mask', or compare without dropout"));
  }
  ThreadPool pool(options.threads);
  const Replay<double> replay = run<double>(model, feed, options.pass, given.masks, pool);
  const Replay<float> rounded = run<float>(model, feed, options.pass, given.masks, pool);
  return Search(model, replay, rounded, given.gradients, options.pass)();
}

}  // namespace chainrule
