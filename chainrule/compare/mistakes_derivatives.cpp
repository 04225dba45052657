// Derivatives that belong elsewhere, and terms that are left out.
#include <algorithm>
#include <cmath>

#include "chainrule/compare/mistakes.h"
#include "chainrule/core/error.h"
#include "chainrule/graph/op.h"
#include "chainrule/graph/registry.h"

namespace chainrule::detail {
namespace {

using T = Turn<double>;
using Values = std::vector<double>;

/// Every elementwise function of one input that needs no setting.
const std::vector<std::shared_ptr<const Op>>& functions() {
  static const std::vector<std::shared_ptr<const Op>> all = [] {
    std::vector<std::shared_ptr<const Op>> found;
    for (const auto& [name, kind] : op_kinds()) {
      const bool alone = kind.unary() && kind.traits->elementwise &&
                         std::ranges::none_of(kind.settings, &SettingInfo::required);
      if (alone) found.push_back(kind.make({}, {}));
    }
    return found;
  }();
  return all;
}

struct Norm {
  Values z, scale;          ///< z as x; 1 / deviation by line
  std::size_t lines, line;  ///< how many means there are, of how many elements each
  bool by_row;
  std::size_t of(std::size_t i, std::size_t width) const { return by_row ? i / width : i % width; }
};

Norm norm_of(const Case& c, int id, std::size_t width) {
  const Values& x = c.replay.value(c.node(id).inputs[0]);
  const bool by_row = c.node(id).inputs.size() == 3;
  Norm n{
      .z = x, .scale = {}, .lines = by_row ? x.size() / width : width, .line = 0, .by_row = by_row};
  n.line = x.size() / n.lines;
  const double epsilon = setting_of(c, id, "epsilon", 1e-5);
  Values mean(n.lines), variance(n.lines);
  const auto share = 1 / static_cast<double>(n.line);
  for (std::size_t i = 0; i < x.size(); ++i) mean[n.of(i, width)] += share * x[i];
  for (std::size_t i = 0; i < x.size(); ++i) {
    n.z[i] -= mean[n.of(i, width)];
    variance[n.of(i, width)] += share * n.z[i] * n.z[i];
  }
  for (const double v : variance) n.scale.push_back(1 / std::sqrt(v + epsilon));
  for (std::size_t i = 0; i < x.size(); ++i) n.z[i] *= n.scale[n.of(i, width)];
  return n;
}

/// Which of its parts the derivative keeps.
struct Kept {
  bool mean, variance, gamma, deviation;
};

Rule<double> norm_rule(const Norm& n, std::size_t width, Kept kept) {
  return [n, width, kept](const T& t) {
    t.run();
    if (t.dx[0] == nullptr) return;
    Values dz(t.dy.begin(), t.dy.end()), sum(n.lines), sum_z(n.lines);
    const auto share = 1 / static_cast<double>(n.line);
    for (std::size_t i = 0; i < dz.size(); ++i) {
      if (kept.gamma) dz[i] *= t.in(1)[i % width];
      sum[n.of(i, width)] += share * dz[i];
      sum_z[n.of(i, width)] += share * dz[i] * n.z[i];
    }
    for (std::size_t i = 0; i < dz.size(); ++i) {
      const std::size_t k = n.of(i, width);
      const double d = dz[i] - (kept.mean ? sum[k] : 0) - (kept.variance ? n.z[i] * sum_z[k] : 0);
      (*t.dx[0])[i] = kept.deviation ? d * n.scale[k] : d;
    }
  };
}

/// Elements of the first input's gradient times k where `keep` does not hold.
void add_slope(const Case& c, int id, std::vector<Mistake>& all) {
  const double right = setting_of(c, id, "slope", -1);
  if (right < 0) return;
  const auto with = [id](double k) {
    return rule(id, each([k](const T& t, std::size_t i) {
                  return t.in(0)[i] > 0 ? t.dy[i] : k * t.dy[i];
                }));
  };
  const std::string name = c.node(id).name;
  all.push_back({name, {}, {}, with, {}, [right, name](double k) {
                   return Meaning{
                       "wrong slope",
                       cat("below 0 the slope is ", k, ", that of ", name, " is ", right),
                       Rank::known_factor};
                 }});
}

}  // namespace

void add_foreign_derivatives(const Case& c, int id, std::vector<Mistake>& all) {
  const Node& node = c.node(id);
  const std::string op(c.op(id));
  const auto add = [&](std::string cause, std::string advice, Rule<double> r) {
    all.push_back({node.name, {std::move(cause), std::move(advice)}, rule(id, std::move(r))});
  };
  const auto n = static_cast<double>(c.replay.rows());
  for (const double share : {1.0, 1 / n}) {
    if (share == 1 && n == 1) continue;
    add("upstream gradient dropped",
        cat("it hands down its own derivative alone", share < 1 ? ", divided by the rows" : "",
            ": the gradient that comes from above is not multiplied in; it should be ",
            node.op->doc().backward[0]),
        [share](const T& t) {
          const Values ones(t.dy.size(), share);
          t.run({.dy = ones});
        });
  }
  for (int other = 0; other <= c.loss; ++other) {
    const Node& o = c.node(other);
    if (other == id || !o.op || !is_activation(c, other) || o.shape != node.shape ||
        o.op->doc().name != op)
      continue;
    add("another layer's derivative",
        cat("the derivative (mask) of ", o.name, " stands where that of ", node.name, " belongs"),
        [other](const T& t) {
          const int in = t.replay.graph().node(other).inputs[0];
          t.run({.in0 = t.replay.value(in),
                 .out = t.replay.value(other),
                 .work = t.replay.workspace(other)});
        });
  }
  add_slope(c, id, all);
  for (const auto& f : functions()) {
    const std::string other(f->doc().name);
    if (other == op) continue;
    const std::string what =
        cat("the derivative of ", other, " stands where that of ", op, " belongs");
    add("another function's derivative", what,
        [f](const T& t) { t.run({.op = f.get(), .forward = true}); });
    add("another function's derivative", what + ", taken at the output",
        [f](const T& t) { t.run({.in0 = t.out(), .op = f.get()}); });
  }
}

void add_norm_mistakes(const Case& c, int id, std::vector<Mistake>& all) {
  const Node& node = c.node(id);
  if (!node.op->traits().normalises || node.inputs.size() < 3) return;
  const Shape& gamma = c.node(node.inputs[1]).shape;
  if (gamma.rank() != 1 || gamma[0] != node.shape.last() || gamma != c.node(node.inputs[2]).shape)
    return;
  if (node.inputs.size() > 3 && !c.pass.training) return;
  const auto width = static_cast<std::size_t>(gamma[0]);
  const Norm n = norm_of(c, id, width);
  const std::string right = cat("; it should be ", node.op->doc().backward[0]);
  const auto add = [&](std::string cause, const std::string& advice, Kept kept) {
    all.push_back(
        {node.name, {std::move(cause), advice + right}, rule(id, norm_rule(n, width, kept))});
  };
  add("term of the variance missing", "the variance depends on x, too", {true, false, true, true});
  add("term of the mean missing", "the mean depends on x, too", {false, true, true, true});
  add("terms of mean and variance missing",
      "mean and variance are taken for constants; both depend on x", {false, false, true, true});
  add("gamma missing", "gamma is missing in what it hands down", {true, true, false, true});
  add("gamma missing", "gamma and the terms of mean and variance are missing",
      {false, false, false, true});
  add("deviation missing", "the division by the deviation is missing", {true, true, true, false});
  all.push_back({c.node(node.inputs[1]).name,
                 {"input in place of the normalised one",
                  "dgamma = sum of dy * z, z the normalised input; x itself stands there"},
                 rule(id, [width](const T& t) {
                   t.run();
                   if (t.dx[1] == nullptr) return;
                   std::ranges::fill(*t.dx[1], 0.0);
                   for (std::size_t i = 0; i < t.dy.size(); ++i)
                     (*t.dx[1])[i % width] += t.dy[i] * t.in(0)[i];
                 })});
}

namespace {

void add_edges(const Case& c, int id, std::vector<Mistake>& all) {
  const Node& node = c.node(id);
  if (node.inputs.size() < 2 || id == c.mean || is_product(c, id)) return;
  const auto is_wanted = [&](std::size_t i) { return c.replay.wanted(node.inputs[i]); };
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (!is_wanted(i)) continue;
    const std::string to = c.node(node.inputs[i]).name;
    all.push_back({node.name,
                   {},
                   {},
                   [id, i](double k) {
                     return rule(id, [i, k](const T& t) {
                       t.run();
                       for (double& x : *t.dx[i]) x *= k;
                     });
                   },
                   {},
                   [known = common_factors(c), to, name = node.name](double k) {
                     if (near(k, 0))
                       return Meaning{
                           "term missing",
                           cat("what ", name, " adds to the gradient of ", to, " is missing"),
                           Rank::known_factor};
                     Meaning m = meaning_of(k, known, Rank::known_factor);
                     m.advice = cat("what ", name, " adds to the gradient of ", to, ": ", m.advice);
                     return m;
                   }});
  }
  const bool alike = node.inputs.size() == 2 && c.node(node.inputs[0]).shape == node.shape &&
                     c.node(node.inputs[1]).shape == node.shape;
  if (!alike) return;
  all.push_back({node.name,
                 {"operands exchanged",
                  cat("its two inputs stand in each other's place: ", node.op->doc().backward[0])},
                 rule(id, [](const T& t) { t.run({.in0 = t.in(1), .in1 = t.in(0)}); })});
}

}  // namespace

void add_edge_mistakes(const Case& c, std::vector<Mistake>& all) {
  for (int id = c.loss; id >= 0; --id)
    if (c.node(id).kind == NodeKind::op) add_edges(c, id, all);
}

}  // namespace chainrule::detail
