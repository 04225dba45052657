#include "chainrule/compare/compared.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "chainrule/core/error.h"
#include "chainrule/graph/op.h"
#include "chainrule/train/feed.h"

namespace chainrule {
namespace detail {
namespace {

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

void check_reduction(const std::string& reduction) {
  if (!reduction.empty() && reduction != "mean" && reduction != "sum")
    throw Error(cat("the reduction is '", reduction, "', expected mean or sum"));
}

Replay<double> run(Replay<double> replay, const std::map<int, std::vector<double>>& masks,
                   const Pass& pass) {
  for (const auto& [id, mask] : masks) replay.set_mask(id, mask);
  replay.forward(pass);
  return replay;
}

}  // namespace

Compared compared_of(const Model& model, const Dataset& batch, ThreadPool& pool,
                     const CompareOptions& options) {
  check_reduction(options.reduction);
  const Feed feed(model, batch);
  feed.check_targets();
  if (feed.rows() == 0) throw DataError("the batch has no rows");
  const Graph& graph = model.graph();
  const int mean = mean_node(graph, model.loss().id());
  Compared s{.graph = graph,
             .loss = model.loss().id(),
             .mean = mean,
             .output = graph.node(model.sample_loss()).inputs[0],
             .target = model.target().id(),
             .inputs = {model.input().id()},
             .rows = feed.rows(),
             .conventions = conventions_of(model, mean, feed.rows(), options.reduction),
             .reduction = options.reduction == "sum" ? static_cast<double>(feed.rows()) : 1.0,
             .run = {}};
  Params<double> params(graph);
  std::ranges::copy(model.params().all(), params.all().begin());
  Tape<double> tape(params, {.rows = feed.rows(), .input_gradients = false});
  std::vector<std::int32_t> rows(static_cast<std::size_t>(feed.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  feed(tape, rows);
  const Replay<double> replay(tape, &params, pool, s.inputs);
  s.run = [replay, pass = options.pass](const std::map<int, std::vector<double>>& masks) {
    return detail::run(replay, masks, pass);
  };
  return s;
}

}  // namespace detail

Comparison compare(const Model& model, const Dataset& batch,
                   std::span<const data::NpzArray> gradients, const CompareOptions& options) {
  ThreadPool pool(options.threads);
  return detail::compare(detail::compared_of(model, batch, pool, options), gradients, options,
                         true);
}

template <class T>
Comparison compare(Tape<T>& tape, const Params<T>* params, Var of,
                   std::span<const data::NpzArray> gradients, const CompareOptions& options) {
  ThreadPool pool(options.threads);
  const Graph& graph = tape.graph();
  detail::Compared s{.graph = graph,
                     .loss = of.id(),
                     .mean = detail::mean_node(graph, of.id()),
                     .inputs = {},
                     .rows = tape.rows(),
                     .conventions = {},
                     .run = {}};
  for (const int id : graph.inputs())
    if (graph.node(id).kind == NodeKind::input) s.inputs.push_back(id);
  const Replay<T> given(tape, params, pool, s.inputs);
  const Replay<double> replay(given);
  s.run = [replay, pass = options.pass](const std::map<int, std::vector<double>>& masks) {
    return detail::run(replay, masks, pass);
  };
  return detail::compare(s, gradients, options, true);
}

template Comparison compare(Tape<float>&, const Params<float>*, Var,
                            std::span<const data::NpzArray>, const CompareOptions&);
template Comparison compare(Tape<double>&, const Params<double>*, Var,
                            std::span<const data::NpzArray>, const CompareOptions&);

}  // namespace chainrule
