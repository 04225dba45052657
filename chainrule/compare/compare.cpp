#include "chainrule/compare/compare.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>

#include "chainrule/compare/compare_search.h"
#include "chainrule/compare/compared.h"
#include "chainrule/compare/given_arrays.h"
#include "chainrule/compare/mistakes.h"
#include "chainrule/core/error.h"
#include "chainrule/graph/op.h"

namespace chainrule {
namespace {

using detail::ArrayLayout;
using detail::Change;
using detail::Compared;
using detail::Convention;
using detail::GivenArray;
using detail::GivenArrays;
using detail::Mistake;
using detail::Rank;
using detail::Search;
using detail::Trial;
using detail::Values;

/// Relative differences that count where a mistake's places are counted.
constexpr double kVisible = 4e-6;

Cause describe(const Replay<double>& replay, int loss, const Mistake& m, const Change& change,
               const std::string& first_wrong) {
  Cause cause{m.first.empty() ? first_wrong : m.first, m.meaning.cause, m.meaning.advice};
  if (m.change.rules.size() != 1 || m.meaning.rank != Rank::structure) return cause;
  // Where does what this node hands down differ?
  const int id = m.change.rules.begin()->first;
  const int input = replay.graph().node(id).inputs[0];
  if (!replay.graph().node(input).shape.batched()) return cause;
  Change without = change;
  without.rules.erase(id);
  const auto gradient = [&](const Change& c) {
    return replay.backward(loss, c.rules)[static_cast<std::size_t>(input)];
  };
  const Values wrong = gradient(change), right = gradient(without);
  std::int64_t places = 0;
  for (std::size_t i = 0; i < wrong.size(); ++i)
    places += std::abs(wrong[i] - right[i]) > kVisible * std::abs(right[i]);
  if (places > 0)
    cause.advice =
        cat("at ", grouped(places), " of ", grouped(static_cast<std::int64_t>(wrong.size())),
            " places what it hands down is wrong: ", cause.advice);
  return cause;
}

/// What explains the differences, from the loss down; `now` becomes the state with all of it.
std::vector<Cause> find_causes(const detail::Case& c, const detail::Search& search,
                               const std::vector<GivenArray>& arrays, detail::Trial& now) {
  std::vector<Mistake> mistakes;
  if (now.prefix() < arrays.size()) {
    detail::add_local_mistakes(c, mistakes);
    detail::add_row_mistakes(c, mistakes);
    detail::add_stored_mistakes(c, mistakes);
    detail::add_factors(c, mistakes);
    detail::add_group_factors(c, mistakes);
    detail::add_edge_mistakes(c, mistakes);
    detail::add_foreign_penalties(c, mistakes);
    detail::add_other_passes(c, mistakes);
  }
  const auto position = [&](const std::string& name) {
    int id = c.loss;
    while (id > 0 && c.node(id).name != name) --id;
    return id;
  };
  Change change;
  std::vector<Cause> causes;
  constexpr std::size_t kMost = 4;
  while (causes.size() < kMost && now.prefix() < arrays.size()) {
    const std::optional<Mistake> found = search.best(change, now, mistakes);
    if (!found) break;
    change.add(found->change);
    causes.push_back(describe(c.replay, c.loss, *found, change, arrays[now.prefix()].name));
    now = search.evaluate(change);
  }
  std::ranges::stable_sort(causes, std::ranges::greater(),
                           [&](const Cause& cause) { return position(cause.at); });
  if (now.prefix() < arrays.size())
    causes.push_back(
        {arrays[now.prefix()].name, "not explained", "no known mistake reproduces it"});
  // Shapes, when the numbers themselves are right, or after them.
  for (const GivenArray& a : arrays)
    if (!a.kind.empty()) causes.push_back({a.name, a.kind, a.note});
  return causes;
}

ArrayVerdict verdict(const GivenArray& a, const Values& right) {
  ArrayVerdict v{.name = a.name, .max_gradient = detail::greatest(right), .note = a.note};
  if (!a.usable()) return v;
  v.max_difference = detail::difference(right, a.values);
  const auto dot = [](const Values& x, const Values& y) {
    return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
  };
  const double rr = dot(right, right), rt = dot(right, a.values), tt = dot(a.values, a.values);
  v.ratio = rr > 0 ? rt / rr : 0;
  v.cosine = rr > 0 && tt > 0 ? rt / std::sqrt(rr * tt) : 0;
  return v;
}

/// One way to understand the arrays, and what it gives.
struct Understood {
  GivenArrays given;
  std::optional<Convention> convention;
  Replay<double> exact;
  std::unique_ptr<Search> search;
  Trial plain;
};

/// Stays where it is: the search refers to what is beside it.
using Understanding = std::unique_ptr<Understood>;

Understanding understand(const Compared& s, const GivenArrays& given, const Replay<double>& exact,
                         const Replay<float>& rough, const Convention* convention) {
  auto owner = std::make_unique<Understood>(Understood{given, {}, exact, nullptr, {}});
  Understood& u = *owner;
  Replay<float> rounded = rough;
  const auto scale = [&](int node, double factor) {
    u.exact.set_scale(node, factor), rounded.set_scale(node, static_cast<float>(factor));
  };
  scale(s.mean, s.reduction);
  if (convention != nullptr) {
    u.convention = *convention;
    scale(convention->node, convention->factor * (convention->node == s.mean ? s.reduction : 1));
  }
  u.search = std::make_unique<Search>(u.exact, rounded, u.given.gradients, s.loss);
  u.plain = u.search->evaluate({});
  return owner;
}

/// Values that agree; the arrays whose numbers cannot be used do not count.
std::ptrdiff_t agreeing(const Understood& u) {
  std::ptrdiff_t count = 0;
  for (std::size_t i = 0; i < u.given.gradients.size(); ++i)
    count += u.given.gradients[i].usable() && u.plain.agrees[i];
  return count;
}

void check_masks(const Compared& s, const GivenArrays& given, const Pass& pass) {
  for (int id = 0; pass.training && id <= s.loss; ++id) {
    const Node& node = s.graph.node(id);
    if (node.op && node.op->traits().random && !given.masks.contains(id))
      throw DataError(cat("the mask of '", node.name,
                          "' is missing: put what you multiplied by "
                          "among the arrays as '",
                          node.name, ".mask', or compare without dropout"));
  }
}

/// The layout, where shapes leave it open, with which most arrays agree; where others tell, theirs.
std::vector<GivenArrays> layouts(const Compared& s, std::span<const data::NpzArray> arrays) {
  const detail::Owners owners{s.graph, s.loss, s.inputs};
  std::vector<GivenArrays> all = {detail::read_given(owners, s.rows, arrays, {})};
  if (!all[0].open_layout && !all[0].open_bias) return all;
  int first = 0, last = 0;  // weights whose shape tells
  for (const GivenArray& a : all[0].gradients) {
    const Node& node = s.graph.node(a.node);
    if (node.kind != NodeKind::param || node.shape.rank() != 2 || node.shape[0] == node.shape[1] ||
        node.shape[0] == 1 || node.shape[1] == 1 || all[0].open_bias)
      continue;
    ++(a.turned ? last : first);
  }
  const bool told = (first > 0) != (last > 0);
  std::vector<GivenArrays> chosen;
  for (const bool inputs_first : {false, true})
    for (const bool bias_last : {false, true}) {
      if (told && inputs_first != (first > 0)) continue;
      if ((inputs_first && !all[0].open_layout) || (bias_last && !all[0].open_bias)) continue;
      chosen.push_back(detail::read_given(owners, s.rows, arrays,
                                          {.inputs_first = inputs_first, .bias_last = bias_last}));
    }
  return chosen;
}

Understanding best_understood(const Compared& s, std::span<const data::NpzArray> arrays,
                              const CompareOptions& options) {
  Understanding best;
  for (GivenArrays& given : layouts(s, arrays)) {
    check_masks(s, given, options.pass);
    const Replay<double> exact = s.run(given.masks);
    Replay<float> rough(exact);
    rough.forward(options.pass);
    const auto consider = [&](const Convention* convention) {
      Understanding u = understand(s, given, exact, rough, convention);
      if (!best || agreeing(*u) > agreeing(*best)) best = std::move(u);
    };
    consider(nullptr);
    for (const Convention& convention : s.conventions) {
      if (best->plain.prefix() == best->given.gradients.size()) return best;
      consider(&convention);
    }
  }
  return best;
}

detail::Case case_of(const Compared& s, const Understood& u, const Pass& pass) {
  return {.replay = u.exact,
          .loss = s.loss,
          .mean = s.mean,
          .output = s.output,
          .target = s.target,
          .right = u.search->right(),
          .given = u.search->given(),
          .pass = pass};
}

/// When nothing explains the arrays as they were understood, perhaps another convention does.
void try_conventions(const Compared& s, const CompareOptions& options, Understanding& u, Trial& now,
                     std::vector<Cause>& causes) {
  if (u->convention || agreeing(*u) > 0) return;
  Replay<float> rough(u->exact);
  rough.forward(options.pass);
  for (const Convention& convention : s.conventions) {
    Understanding other = understand(s, u->given, u->exact, rough, &convention);
    Trial then = other->plain;
    std::vector<Cause> found =
        find_causes(case_of(s, *other, options.pass), *other->search, other->given.gradients, then);
    if (then.prefix() < other->given.gradients.size()) continue;
    u = std::move(other), now = std::move(then), causes = std::move(found);
    return;
  }
}

}  // namespace

namespace detail {

Comparison compare(const Compared& s, std::span<const data::NpzArray> gradients,
                   const CompareOptions& options, bool search) {
  Understanding understood = best_understood(s, gradients, options);
  Trial now = understood->plain;
  Comparison result;
  if (search) {
    result.causes = find_causes(case_of(s, *understood, options.pass), *understood->search,
                                understood->given.gradients, now);
    if (now.prefix() < now.agrees.size())
      try_conventions(s, options, understood, now, result.causes);
  }
  const Understood& u = *understood;
  const std::vector<GivenArray>& arrays = u.given.gradients;
  result.explained = now.prefix() == arrays.size();
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const Values& right = u.search->right()[static_cast<std::size_t>(arrays[i].node)];
    ArrayVerdict v = verdict(arrays[i], right);
    v.equal = u.plain.agrees[i] && arrays[i].kind.empty();
    v.corrected = now.agrees[i];
    v.tolerance = u.search->tolerance(i, right);
    result.arrays.push_back(std::move(v));
  }
  result.equal = std::ranges::all_of(result.arrays, &ArrayVerdict::equal);
  result.conventions = u.given.conventions;
  if (u.convention) result.conventions.push_back(u.convention->words);
  result.not_given = u.given.not_given, result.unknown = u.given.unknown;
  if (!result.causes.empty()) result.first = result.causes[0].at;
  if (search && !result.explained)
    result.unexplained = unexplained(case_of(s, u, options.pass), *u.search, arrays, u.plain, now);
  return result;
}

}  // namespace detail
}  // namespace chainrule
