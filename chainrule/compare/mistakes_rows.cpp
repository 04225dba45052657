// One row in place of all, penalties that nobody asked for, the same factor in several places.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "chainrule/compare/mistakes.h"
#include "chainrule/core/error.h"
#include "chainrule/graph/op.h"

namespace chainrule::detail {
namespace {

using T = Turn<double>;
using Values = std::vector<double>;

/// The mean's backward pass for one row alone, times `factor`.
Rule<double> one_row(std::size_t row, double factor) {
  return [row, factor](const T& t) {
    t.run();
    const auto n = static_cast<std::size_t>(t.replay.rows());
    for (Values* dx : t.dx)
      if (dx != nullptr && dx->size() == n)
        for (std::size_t r = 0; r < n; ++r) (*dx)[r] = r == row ? factor * (*dx)[r] : 0;
  };
}

std::string which_row(std::size_t row, std::size_t n) {
  return row + 1 == n ? cat("the last row (", row, ")")
         : row == 0   ? std::string("the first row (0)")
                      : cat("row ", row);
}

/// Parameters whose gradients are given, from the loss down.
std::vector<int> given_params(const Case& c) {
  std::vector<int> ids;
  for (const auto& [id, g] : c.given)
    if (c.node(id).kind == NodeKind::param) ids.push_back(id);
  std::ranges::reverse(ids);
  return ids;
}

bool has_penalty(const Case& c, int param) {
  for (int id = param + 1; id <= c.loss; ++id)
    if (c.node(id).op && is_penalty(c, id) && c.node(id).inputs[0] == param) return true;
  return false;
}

void add_penalty(const Case& c, const std::vector<int>& ids, const std::string& of, bool squares,
                 std::vector<Mistake>& all) {
  if (ids.empty()) return;
  const auto with = [&c, ids, squares](double k) {
    Change change;
    for (const int id : ids)
      change.stored[id] = [k, squares, w = c.replay.value(id)](Values& g) {
        for (std::size_t i = 0; i < g.size(); ++i)
          g[i] += k * (squares ? w[i] : static_cast<double>((w[i] > 0) - (w[i] < 0)));
      };
    return change;
  };
  const auto name = [of, squares](double k) {
    return Meaning{
        "penalty that the loss does not have",
        squares ? cat("to the gradient of ", of, " ", k,
                      " times the parameter itself is "
                      "added, as by a penalty of ",
                      std::abs(k) / 2, " times its squares (--l2); this loss has none for it")
                : cat("to the gradient of ", of, " ", k,
                      " times the sign of the "
                      "parameter is added, as by a penalty on its size (--l1); this "
                      "loss has none for it"),
        Rank::any_factor};
  };
  all.push_back({c.node(ids[0]).name, {}, {}, with, {}, name});
}

}  // namespace

void add_row_mistakes(const Case& c, std::vector<Mistake>& all) {
  const auto n = static_cast<std::size_t>(c.replay.rows());
  if (n < 2 || c.node(c.mean).kind != NodeKind::op || c.node(c.mean).shape.batched()) return;
  constexpr std::size_t kMostRows = 64;
  const auto count = static_cast<double>(n);
  for (std::size_t row = 0; row < n; ++row) {
    const bool end = row == 0 || row + 1 == n;
    if (n > kMostRows && !end) continue;
    for (const double factor : {1.0, count}) {
      const std::string words = cat("only ", which_row(row, n), " of the batch is in the gradient");
      const Change change = rule(c.mean, one_row(row, factor));
      all.push_back({c.node(c.mean).name, {"one row only", words + ": add up all rows"}, change});
      if (!end) continue;
      const Gradients<double> gradients = c.replay.backward(c.loss, change.rules);
      for (const int id : given_params(c))
        all.push_back(
            {c.node(id).name,
             {"one row only", words + " of this array: a loop that overwrites instead of adding?"},
             {.stored = {{id, [g = gradients[static_cast<std::size_t>(id)]](Values& mine) {
                            mine = g;
                          }}}}});
    }
  }
}

void add_foreign_penalties(const Case& c, std::vector<Mistake>& all) {
  std::vector<int> weights, biases;
  for (const int id : given_params(c)) {
    if (has_penalty(c, id)) continue;
    (c.node(id).shape.rank() > 1 ? weights : biases).push_back(id);
  }
  for (const bool squares : {true, false}) {
    std::vector<int> both = weights;
    both.insert(both.end(), biases.begin(), biases.end());
    std::ranges::sort(both, std::ranges::greater());
    if (!weights.empty() && !biases.empty()) add_penalty(c, both, "all parameters", squares, all);
    if (weights.size() > 1) add_penalty(c, weights, "the weights", squares, all);
    if (biases.size() > 1) add_penalty(c, biases, "the biases", squares, all);
    for (const int id : both) add_penalty(c, {id}, c.node(id).name, squares, all);
  }
}

void add_group_factors(const Case& c, std::vector<Mistake>& all) {
  std::vector<int> weights, biases;
  std::map<std::string, std::vector<int>> penalties;  // alike ones
  for (const int id : given_params(c))
    (c.node(id).shape.rank() > 1 ? weights : biases).push_back(id);
  for (int id = c.loss; id >= 0; --id)
    if (c.node(id).op && is_penalty(c, id))
      penalties[cat(c.op(id), " ", str(c.node(id).op->settings()))].push_back(id);
  const auto add = [&](const std::vector<int>& ids, const std::string& of, std::vector<Known> known,
                       std::function<Change(double)> with) {
    if (ids.size() < 2) return;
    all.push_back({c.node(ids[0]).name,
                   {},
                   {},
                   std::move(with),
                   {},
                   [known = std::move(known), of](double k) {
                     Meaning m = meaning_of(k, known, Rank::known_factor);
                     m.advice = cat(of, ": ", m.advice);
                     return m;
                   }});
  };
  const auto stored = [](std::vector<int> ids) {
    return [ids](double k) {
      Change change;
      for (const int id : ids)
        change.stored[id] = [k](Values& g) {
          for (double& x : g) x *= k;
        };
      return change;
    };
  };
  add(weights, "all weights", common_factors(c), stored(weights));
  add(biases, "all biases", common_factors(c), stored(biases));
  for (const auto& [kind, ids] : penalties)
    add(ids, "all penalties", penalty_factors(c, ids[0]), [ids = ids](double k) {
      Change change;
      for (const int id : ids)
        change.rules[id] = [k](const T& t) {
          Values dy(t.dy.begin(), t.dy.end());
          for (double& x : dy) x *= k;
          t.run({.dy = dy});
        };
      return change;
    });
}

}  // namespace chainrule::detail
