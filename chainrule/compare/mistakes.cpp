// Factors, what is done to finished gradients, and passes with other numbers.
#include "chainrule/compare/mistakes.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "chainrule/core/error.h"
#include "chainrule/graph/op.h"

namespace chainrule::detail {
namespace {

using Values = std::vector<double>;

std::vector<Known> loss_factors(const Case& c) {
  std::vector<Known> known = common_factors(c);
  const auto n = static_cast<double>(c.replay.rows());
  const auto f = c.output < 0 ? 1.0 : static_cast<double>(c.node(c.output).shape.size());
  if (f <= 1) return known;
  known.push_back({f, "summed instead of averaged",
                   cat("it is ", f, " times too large: this loss averages over the outputs too")});
  known.push_back({1 / f, "averaged twice",
                   cat("it is too small by ", f, ": this loss adds over the outputs")});
  known.push_back({n * f, "summed instead of averaged",
                   "it lacks the division by the number of rows and by the number of outputs"});
  known.push_back(
      {1 / (n * f), "averaged twice",
       "it is divided by the number of rows and by the number of outputs once too often"});
  known.push_back({n / f, "averaged over the outputs instead of the rows",
                   "divide by the number of rows, not by the number of outputs"});
  return known;
}

Rule<double> scaled(double k) {
  return [k](const Turn<double>& t) {
    Values dy(t.dy.begin(), t.dy.end());
    for (double& x : dy) x *= k;
    t.run({.dy = dy});
  };
}

Rule<double> scaled_first_input(double k) {
  return [k](const Turn<double>& t) {
    t.run();
    for (double& x : *t.dx[0]) x *= k;
  };
}

Mistake factor(std::string first, std::function<Change(double)> with, std::vector<Known> known,
               Rank rank) {
  return {
      std::move(first), {}, {}, std::move(with), {}, [known = std::move(known), rank](double k) {
        return meaning_of(k, known, rank);
      }};
}

std::function<Change(double)> by_rule(int id, Rule<double> (*make)(double)) {
  return [id, make](double k) { return Change{.rules = {{id, make(k)}}}; };
}

/// The row order that turns `ours` into `theirs`, or none. Rows are `cols` numbers.
std::vector<Index> row_order(const Values& ours, const Values& theirs, Index cols) {
  const Index rows = static_cast<Index>(ours.size()) / cols;
  double top = 0;
  for (const double x : ours) top = std::max(top, std::abs(x));
  const auto distance = [&](Index a, Index b) {
    double worst = 0;
    for (Index j = 0; j < cols; ++j)
      worst = std::max(worst, std::abs(ours[static_cast<std::size_t>(a * cols + j)] -
                                       theirs[static_cast<std::size_t>(b * cols + j)]));
    return worst;
  };
  std::vector<Index> order;
  std::vector<bool> used(static_cast<std::size_t>(rows));
  for (Index b = 0; b < rows; ++b) {
    Index best = -1;
    for (Index a = 0; a < rows; ++a)
      if (!used[static_cast<std::size_t>(a)] && (best < 0 || distance(a, b) < distance(best, b)))
        best = a;
    if (distance(best, b) > 1e-4 * top) return {};
    used[static_cast<std::size_t>(best)] = true;
    order.push_back(best);
  }
  return order;
}

}  // namespace

bool near(double a, double b) { return std::abs(a - b) <= 1e-4 * std::abs(b) + 1e-6; }

Meaning meaning_of(double k, const std::vector<Known>& known, Rank rank) {
  for (const Known& n : known)
    if (near(k, n.value)) return {n.cause, n.advice, rank};
  if (near(k, 0)) return {"no gradient", "it is zero everywhere: never written", rank};
  return {cat("factor ", k), cat("it is ", k, " times what it should be"),
          rank == Rank::known_factor ? Rank::any_factor : Rank::any_factor_below};
}

std::vector<Known> common_factors(const Case& c) {
  const auto n = static_cast<double>(c.replay.rows());
  std::vector<Known> known;
  if (n > 1) {
    known.push_back({n, "summed instead of averaged",
                     cat("it is N = ", n, " times too large: divide by the number of rows, once")});
    known.push_back(
        {1 / n, "averaged twice",
         cat("it is too small by N = ", n,
             ": the division by the number of rows happens twice, in the loss and here")});
    known.push_back({n * n, "factor N^2", "it is multiplied by the number of rows twice"});
  }
  known.push_back({-1, "sign", "it has the opposite sign"});
  known.push_back({2, "factor 2",
                   "it is twice too large: the 2 of a square's derivative, or a gradient that was "
                   "added to an old one without clearing it"});
  known.push_back({0.5, "factor 1/2",
                   "it is half of what it should be: the 2 of a square's "
                   "derivative is missing, or a 1/2 is there once too often"});
  known.push_back({-2, "factor -2", "it is twice too large and has the opposite sign"});
  known.push_back({-0.5, "factor -1/2", "it is half as large and has the opposite sign"});
  return known;
}

double setting_of(const Case& c, int id, std::string_view name, double otherwise) {
  const SettingList settings = c.node(id).op->settings();
  const SettingValue* value = find_setting(settings, name);
  return value == nullptr ? otherwise : as_number(*value);
}

double lambda_of(const Case& c, int id) { return setting_of(c, id, "lambda", 1); }

std::vector<Known> penalty_factors(const Case& c, int id) {
  const double lambda = lambda_of(c, id);
  std::vector<Known> known;
  const std::string right = cat("it should be ", c.node(id).op->doc().backward[0]);
  known.push_back({0, "penalty missing", cat("the gradient of the penalty is missing: ", right)});
  if (!near(lambda, 1))
    known.push_back({1 / lambda, "lambda missing", cat("the factor lambda is missing: ", right)});
  if (c.op(id) == "l2_penalty" && !near(lambda, 2)) {
    known.push_back(
        {0.5 / lambda, "lambda missing", cat("the factors 2 and lambda are missing: ", right)});
  }
  for (Known& k : common_factors(c)) {
    if (k.cause == "averaged twice")
      k.cause = "penalty averaged", k.advice = "the penalty is not divided by the number of rows";
    known.push_back(std::move(k));
  }
  return known;
}

bool is_penalty(const Case& c, int id) { return c.op(id).ends_with("_penalty"); }

bool Change::add(const Change& other) {
  for (const auto& [id, rule] : other.rules)
    if (!rules.emplace(id, rule).second) return false;
  for (const auto& [id, f] : other.stored)
    if (!stored.emplace(id, f).second) return false;
  if ((each_stored && other.each_stored) || (replay && other.replay)) return false;
  if (other.each_stored) each_stored = other.each_stored;
  if (other.replay) replay = other.replay;
  return true;
}

std::string_view Case::op(int id) const {
  const Node& n = node(id);
  return n.op ? n.op->doc().name : std::string_view();
}

std::vector<double> transposed(const Values& from, Index rows, Index cols) {
  Values to(from.size());
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < cols; ++j)
      to[static_cast<std::size_t>(j * rows + i)] = from[static_cast<std::size_t>(i * cols + j)];
  return to;
}

void add_factors(const Case& c, std::vector<Mistake>& all) {
  const auto add = [&](int id, std::vector<Known> known, Rank rank) {
    all.push_back(factor(c.node(id).name, by_rule(id, scaled), std::move(known), rank));
  };
  add(c.mean, loss_factors(c), Rank::known_factor);
  if (c.loss != c.mean) add(c.loss, common_factors(c), Rank::known_factor);
  for (int id = c.loss; id >= 0; --id) {
    const Node& node = c.node(id);
    if ((node.kind == NodeKind::param && node.param_options.trainable) ||
        (node.kind == NodeKind::input && c.given.contains(id))) {
      all.push_back(factor(
          node.name,
          [id](double k) {
            return Change{.stored = {{id, [k](Values& g) {
                                        for (double& x : g) x *= k;
                                      }}}};
          },
          common_factors(c), Rank::known_factor));
      continue;
    }
    if (node.kind != NodeKind::op || id == c.mean) continue;
    if (is_penalty(c, id)) {
      add(id, penalty_factors(c, id), Rank::known_factor);
      if (c.op(id) == "l1_penalty")
        all.push_back({node.name,
                       {"sign of zero",
                        "weights of exactly 0 get +lambda; the slope of |w| at 0 is taken as 0"},
                       {.rules = {{id, [lambda = lambda_of(c, id)](const Turn<double>& t) {
                                     for (std::size_t i = 0; i < t.dx[0]->size(); ++i)
                                       (*t.dx[0])[i] = t.dy[0] * lambda * (t.in(0)[i] < 0 ? -1 : 1);
                                   }}}}});
    } else if (node.shape.batched()) {
      const bool below = node.inputs.size() > 1 && c.op(id) != "sample_loss";
      const auto make = below ? scaled_first_input : scaled;
      if (below && c.node(node.inputs[0]).kind != NodeKind::op) continue;
      all.push_back(factor(node.name, by_rule(id, make), common_factors(c),
                           below ? Rank::known_factor_below : Rank::known_factor));
    }
  }
}

void add_stored_mistakes(const Case& c, std::vector<Mistake>& all) {
  double top = 0, norm = 0;
  for (const auto& [id, g] : c.given)
    for (const double x : g) top = std::max(top, std::abs(x)), norm += x * x;
  norm = std::sqrt(norm);
  // One number at the limit is no limit: every greatest number is one.
  const auto at_limit = [](const Values& g, double limit) {
    return std::ranges::count_if(g, [=](double x) { return std::abs(x) >= limit * (1 - 1e-6); });
  };
  std::ptrdiff_t limited = 0, elements = 0;
  for (const auto& [id, g] : c.given) limited += at_limit(g, top), elements += std::ssize(g);
  if (limited > 1 && limited < elements)
    all.push_back({"",
                   {"clipped", cat("every element is limited to [-", top, ", ", top, "]")},
                   {.each_stored = [top](Values& g) {
                     for (double& x : g) x = std::clamp(x, -top, top);
                   }}});
  for (const auto& [id, given] : c.given) {
    const Node& node = c.node(id);
    if (node.kind == NodeKind::op && !c.right[static_cast<std::size_t>(node.inputs[0])].empty() &&
        c.node(node.inputs[0]).shape == node.shape)
      all.push_back(
          {node.name,
           {"overwritten", cat("the array holds the gradient of the input of '", node.name,
                               "', not of its output: backward wrote into the array that came from "
                               "above")},
           {.stored = {{id, [g = c.right[static_cast<std::size_t>(node.inputs[0])]](Values& mine) {
                          mine = g;
                        }}}}});
    const bool alone = node.kind == NodeKind::input && c.replay.rows() == 1;
    if (node.kind != NodeKind::param && !alone) continue;
    const Shape& shape = node.shape;
    const auto add = [&](std::string cause, std::string advice, std::function<void(Values&)> f) {
      all.push_back({node.name, {std::move(cause), std::move(advice)}, {.stored = {{id, f}}}});
    };
    double own_top = 0;
    for (const double x : given) own_top = std::max(own_top, std::abs(x));
    const std::ptrdiff_t own_limited = at_limit(given, own_top);
    if (own_top > 0 && own_limited > 1 && own_limited < std::ssize(given))
      add("clipped", cat("its elements are limited to [-", own_top, ", ", own_top, "]"),
          [own_top](Values& g) {
            for (double& x : g) x = std::clamp(x, -own_top, own_top);
          });
    for (const int other : c.graph().params())
      if (other != id && c.node(other).shape == shape && c.node(other).param_options.trainable)
        add("another parameter's",
            cat("the array holds the gradient of '", c.node(other).name, "'"),
            [g = c.right[static_cast<std::size_t>(other)]](Values& mine) { mine = g; });
    if (shape.rank() == 2 && shape[0] == shape[1])
      add("transposed", "the array is the transpose of what it should be",
          [n = shape[0]](Values& g) { g = transposed(g, n, n); });
    const Index cols = shape.rank() == 2 ? shape[1] : 1;
    const auto reorder = [&](bool columns) {
      const Index rows = shape[0];
      const auto turned = [=](const Values& g) { return columns ? transposed(g, rows, cols) : g; };
      const Index width = columns ? rows : cols;
      add("rows permuted",
          cat("the numbers are right, but the ",
              shape.rank() == 1 ? "elements"
              : columns         ? "outputs"
                                : "inputs",
              " stand in another order"),
          [=, theirs = turned(given)](Values& g) {
            const Values ours = turned(g);
            const std::vector<Index> order = row_order(ours, theirs, width);
            if (order.empty()) return;
            Values moved;
            for (const Index a : order)
              moved.insert(moved.end(), ours.begin() + a * width, ours.begin() + (a + 1) * width);
            g = columns ? transposed(moved, cols, rows) : moved;
          });
    };
    constexpr Index kMostRows = 2000;
    if (shape.rank() >= 1 && shape[0] > 1 && shape[0] <= kMostRows) reorder(false);
    if (shape.rank() == 2 && cols > 1 && cols <= kMostRows) reorder(true);
  }
}

}  // namespace chainrule::detail
