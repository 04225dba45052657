// Right derivatives of another forward pass: other targets, other weights.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "chainrule/compare/mistakes.h"
#include "chainrule/core/error.h"
#include "chainrule/graph/op.h"

namespace chainrule::detail {
namespace {

using Values = std::vector<double>;
using Rows = std::vector<std::size_t>;
using Classes = std::vector<std::int32_t>;

/// The node that compares output and target.
int loss_node(const Case& c) {
  for (int id = c.loss; id >= 0; --id)
    if (const Node& n = c.node(id); n.inputs.size() == 2 && n.inputs[1] == c.target) return id;
  return -1;
}

Change with_targets(int node, Values numbers, Classes classes) {
  return {.rules = {{node, [numbers = std::move(numbers),
                            classes = std::move(classes)](const Turn<double>& t) {
                       t.run({.in1 = numbers, .classes1 = classes});
                     }}}};
}

/// Row r gets the target of row `from[r]`.
Change rows_from(const Case& c, int node, const Rows& from) {
  const Classes& classes = c.replay.classes(c.target);
  const Values& numbers = c.replay.value(c.target);
  Classes moved_classes;
  Values moved;
  const std::size_t width = numbers.size() / from.size();
  for (const std::size_t r : from) {
    if (!classes.empty()) moved_classes.push_back(classes[r]);
    for (std::size_t j = 0; j < width; ++j) moved.push_back(numbers[r * width + j]);
  }
  return with_targets(node, std::move(moved), std::move(moved_classes));
}

void add_row_orders(const Case& c, int node, std::vector<Mistake>& all) {
  const auto n = static_cast<std::size_t>(c.replay.rows());
  Rows rows(n);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  const auto add = [&](const std::string& how) {
    all.push_back({c.node(node).name,
                   {"rows permuted",
                    cat("the targets belong to other rows: they are ", how, " against the inputs")},
                   rows_from(c, node, rows)});
  };
  std::ranges::reverse(rows);
  add("reversed");
  std::ranges::reverse(rows);
  constexpr std::size_t kMostShifts = 256;
  for (std::size_t k = 1; k < std::min(n, kMostShifts); ++k) {
    std::ranges::rotate(rows, rows.begin() + 1);
    add(cat("shifted by ", k, k == 1 ? " row" : " rows"));
  }
}

/// Which class took the place of which, when the gradient is p - t and the inputs of the last layer
/// tell the classes apart: the sum of the inputs of each class is in the weight's gradient.
Classes class_order(const Case& c, const Values& without_target, int weight) {
  const auto given = c.given.find(weight);
  if (given == c.given.end()) return {};
  const Shape& shape = c.node(weight).shape;
  const auto rows = static_cast<std::size_t>(shape[0]), cols = static_cast<std::size_t>(shape[1]);
  const Values& right = c.right[static_cast<std::size_t>(weight)];
  const auto column = [&](const Values& g, std::size_t j) {
    Values v(rows);
    for (std::size_t i = 0; i < rows; ++i) v[i] = without_target[i * cols + j] - g[i * cols + j];
    return v;
  };
  const auto distance = [](const Values& a, const Values& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
  };
  Classes order(cols, -1);
  std::vector<bool> used(cols);
  for (std::size_t j = 0; j < cols; ++j) {
    const Values theirs = column(given->second, j);
    std::size_t best = cols;
    for (std::size_t k = 0; k < cols; ++k)
      if (!used[k] && (best == cols ||
                       distance(column(right, k), theirs) < distance(column(right, best), theirs)))
        best = k;
    used[best] = true;
    order[best] = static_cast<std::int32_t>(j);
  }
  return order;
}

void add_class_orders(const Case& c, int node, std::vector<Mistake>& all) {
  const Classes& classes = c.replay.classes(c.target);
  const Node& output = c.node(c.output);
  if (classes.empty() || output.inputs.size() < 2 || c.op(node) != "softmax_cross_entropy") return;
  const int weight = output.inputs[1];
  // The gradient with p in place of p - t: the derivative is linear in the target.
  const Rule<double> probabilities = [](const Turn<double>& t) {
    const auto width = static_cast<std::size_t>(
        t.replay.graph().node(t.replay.graph().node(t.node).inputs[0]).shape.size());
    const Classes& y = t.replay.classes(t.replay.graph().node(t.node).inputs[1]);
    t.run();
    for (std::size_t r = 0; r < y.size(); ++r)
      (*t.dx[0])[r * width + static_cast<std::size_t>(y[r])] += t.dy[r];
  };
  const Gradients<double> without = c.replay.backward(c.loss, {{node, probabilities}});
  const Classes order = class_order(c, without[static_cast<std::size_t>(weight)], weight);
  if (order.empty()) return;
  Classes renamed;
  for (const std::int32_t y : classes) renamed.push_back(order[static_cast<std::size_t>(y)]);
  if (renamed == classes) return;
  std::string pairs;
  for (std::size_t k = 0; k < order.size(); ++k)
    if (order[k] != static_cast<std::int32_t>(k) &&
        std::ranges::find(classes, static_cast<std::int32_t>(k)) != classes.end())
      pairs += cat(pairs.empty() ? "" : ", ", static_cast<int>(k), " as ", int{order[k]});
  all.push_back({c.node(node).name,
                 {"classes permuted", cat("the classes are numbered in another order: ", pairs)},
                 with_targets(node, {}, std::move(renamed))});
}

/// The gradient at other weights: w + factor * lr * g.
void add_other_weights(const Case& c, std::vector<Mistake>& all) {
  for (const int id : c.graph().params())
    if (c.node(id).param_options.trainable && !c.given.contains(id)) return;
  const auto at = [&c](double lr, bool before) {
    auto replay = std::make_shared<Replay<double>>(c.replay);
    for (const auto& [id, given] : c.given) {
      if (c.node(id).kind != NodeKind::param) continue;
      Values& w = replay->value(id);
      const Values& g = before ? given : c.right[static_cast<std::size_t>(id)];
      for (std::size_t i = 0; i < w.size(); ++i) w[i] += (before ? lr : -lr) * g[i];
    }
    replay->forward(c.pass);
    return Change{.replay = std::move(replay)};
  };
  const std::vector<double> starts = {1e-3, 0.01, 0.1, 1};
  const std::string first = c.node(c.loss).name;
  all.push_back({first,
                 {},
                 {},
                 [at](double lr) { return at(lr, true); },
                 starts,
                 [](double lr) {
                   return Meaning{"previous step",
                                  cat("these are the gradients of the step before: they fit the "
                                      "weights as they were before an update with learning rate ",
                                      lr)};
                 }});
  all.push_back({first,
                 {},
                 {},
                 [at](double lr) { return at(lr, false); },
                 starts,
                 [](double lr) {
                   return Meaning{"next step",
                                  cat("these are the gradients of the step after: they fit the "
                                      "weights after an update with learning rate ",
                                      lr)};
                 }});
}

}  // namespace

void add_other_passes(const Case& c, std::vector<Mistake>& all) {
  const int node = loss_node(c);
  if (node >= 0) add_row_orders(c, node, all), add_class_orders(c, node, all);
  add_other_weights(c, all);
}

}  // namespace chainrule::detail
