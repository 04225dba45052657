#include "chainrule/compare/compare.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "chainrule/compare/compare_search.h"
#include "chainrule/compare/given_arrays.h"
#include "chainrule/compare/mistakes.h"
#include "chainrule/core/error.h"
#include "chainrule/graph/op.h"
#include "chainrule/train/feed.h"

namespace chainrule {
namespace {

using detail::Change;
using detail::GivenArray;
using detail::Mistake;
using detail::Rank;
using detail::Values;

/// Relative differences that count where a mistake's places are counted.
constexpr double kVisible = 4e-6;

/// The model's passes over the batch, with the gradient of `input` if that is a node.
template <class T>
Replay<T> run(const Model& model, const Feed& feed, const Pass& pass,
              const std::map<int, Values>& masks, int input, ThreadPool& pool) {
  Params<T> params(model.graph());
  std::ranges::copy(model.params().all(), params.all().begin());
  Tape<T> tape(params, {.rows = feed.rows(), .input_gradients = false});
  std::vector<std::int32_t> rows(static_cast<std::size_t>(feed.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  feed(tape, rows);
  Replay<T> replay(tape, params, pool, input);
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
    detail::add_stored_mistakes(c, mistakes);
    detail::add_factors(c, mistakes);
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
  if (now.prefix() < arrays.size())
    causes.push_back({arrays[now.prefix()].name, "unknown", "no known mistake reproduces it"});
  std::ranges::stable_sort(causes, std::ranges::greater(),
                           [&](const Cause& cause) { return position(cause.at); });
  // Shapes and layouts, when the numbers themselves are right, or after them.
  for (const GivenArray& a : arrays)
    if (!a.kind.empty() && std::ranges::none_of(causes, [&](const Cause& cause) {
          return cause.kind == "transposed" && a.kind == cause.kind;
        }))
      causes.push_back({a.name, a.kind, a.note});
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

}  // namespace

Comparison compare(const Model& model, const Dataset& batch,
                   std::span<const data::NpzArray> gradients, const CompareOptions& options) {
  const Feed feed(model, batch);
  feed.check_targets();
  if (feed.rows() == 0) throw DataError("the batch has no rows");
  const detail::GivenArrays given = detail::read_given(model.graph(), model.input().id(),
                                                       model.loss().id(), feed.rows(), gradients);
  for (int id = 0; options.pass.training && id < model.graph().size(); ++id) {
    const Node& node = model.graph().node(id);
    if (node.op && node.op->doc().name == "dropout" && !given.masks.contains(id))
      throw DataError(cat("the mask of '", node.name,
                          "' is missing: put what you multiplied by "
                          "among the arrays as '",
                          node.name, ".mask', or compare without dropout"));
  }
  ThreadPool pool(options.threads);
  const std::vector<GivenArray>& arrays = given.gradients;
  const bool of_input = arrays.back().node == model.input().id();
  const int input = of_input ? arrays.back().node : -1;
  const Replay<double> replay = run<double>(model, feed, options.pass, given.masks, input, pool);
  const Replay<float> rounded = run<float>(model, feed, options.pass, given.masks, input, pool);
  const int loss = model.loss().id();
  const detail::Search search(replay, rounded, arrays, loss);
  const detail::Case c{.replay = replay,
                       .loss = loss,
                       .mean = mean_node(model.graph(), loss),
                       .output = model.graph().node(model.sample_loss()).inputs[0],
                       .target = model.target().id(),
                       .right = search.right(),
                       .given = search.given(),
                       .pass = options.pass};
  const detail::Trial plain = search.evaluate({});
  detail::Trial now = plain;
  Comparison result;
  result.causes = find_causes(c, search, arrays, now);
  result.explained = now.prefix() == arrays.size();
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const Values& right = search.right()[static_cast<std::size_t>(arrays[i].node)];
    ArrayVerdict v = verdict(arrays[i], right);
    v.equal = plain.agrees[i] && arrays[i].kind.empty();
    v.corrected = now.agrees[i];
    v.tolerance = search.tolerance(i, right);
    result.arrays.push_back(std::move(v));
  }
  result.equal = result.causes.empty();
  if (!result.equal) result.first = result.causes[0].at;
  return result;
}

}  // namespace chainrule
