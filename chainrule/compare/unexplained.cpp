// What can be said about a difference that no known mistake reproduces.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "chainrule/compare/compare_search.h"
#include "chainrule/compare/compared.h"
#include "chainrule/core/error.h"
#include "chainrule/graph/op.h"

namespace chainrule::detail {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::vector<int> consumers(const Graph& g, int id, int loss) {
  std::vector<int> all;
  for (int c = id + 1; c <= loss; ++c)
    if (std::ranges::find(g.node(c).inputs, id) != g.node(c).inputs.end()) all.push_back(c);
  return all;
}

/// The operations above a wrong array, up to those that a right one lies at.
class Between {
 public:
  Between(const Case& c, const std::vector<GivenArray>& arrays, const Trial& now)
      : c_(c), g_(c.graph()) {
    for (std::size_t i = 0; i < arrays.size(); ++i)
      if (now.agrees[i] && arrays[i].usable()) right_.insert(arrays[i].node);
  }

  std::string sentence(int wrong) {
    std::vector<int> way = {wrong};
    if (g_.node(wrong).kind != NodeKind::op) way = consumers(g_, wrong, c_.loss);
    if (way.empty()) return "";
    int id = way[0];
    if (is_right(id) && id != wrong)
      return cat("what reaches '", g_.node(id).name, "' (", g_.node(id).op->doc().forward,
                 ") is right as far as it is given, so it is the operation itself: ",
                 own_formula(id, wrong));
    std::string list;
    while (true) {
      const std::vector<int> above = consumers(g_, id, c_.loss);
      if (above.empty()) break;
      id = above[0];
      const Node& node = g_.node(id);
      if (node.op) list += cat(list.empty() ? "" : "; ", "'", node.name, "': ", down_formula(id));
      if (is_right(id)) break;
    }
    return list.empty() ? std::string("nothing lies above it") : "on the way down lie " + list;
  }

 private:
  /// Its own gradient, or that of one of its parameters, is given and right.
  bool is_right(int id) const {
    if (right_.contains(id)) return true;
    for (const int in : g_.node(id).inputs)
      if (g_.node(in).kind == NodeKind::param && right_.contains(in)) return true;
    return false;
  }
  std::string own_formula(int id, int input) const {
    const Node& node = g_.node(id);
    const auto at =
        static_cast<std::size_t>(std::ranges::find(node.inputs, input) - node.inputs.begin());
    const auto& formulas = node.op->doc().backward;
    return std::string(formulas[std::min(at, formulas.size() - 1)]);
  }
  std::string down_formula(int id) const { return std::string(g_.node(id).op->doc().backward[0]); }

  const Case& c_;
  const Graph& g_;
  std::set<int> right_;
};

/// "W1[3,7]" of an element in memory, as the array was given.
std::string element_name(const Case& c, const GivenArray& a, std::size_t at) {
  const Shape& shape = c.node(a.node).shape;
  std::vector<Index> sizes(shape.dims().begin(), shape.dims().end());
  if (c.node(a.node).kind != NodeKind::param && shape.batched())
    sizes.insert(sizes.begin(), c.replay.rows());
  std::vector<Index> index(sizes.size());
  auto rest = static_cast<Index>(at);
  for (std::size_t axis = sizes.size(); axis > 0; --axis)
    index[axis - 1] = rest % sizes[axis - 1], rest /= sizes[axis - 1];
  if (a.turned) {  // [..., I, O] as files count it, [O, I, ...]
    std::reverse(index.end() - 2, index.end());
    std::rotate(index.begin(), index.end() - 2, index.end());
  }
  std::string text = a.name + "[";
  for (std::size_t i = 0; i < index.size(); ++i) text += cat(i > 0 ? "," : "", index[i]);
  return text + "]";
}

/// What the single rows add to one element.
std::string terms_of(const Case& c, int node, std::size_t at) {
  const auto n = static_cast<std::size_t>(c.replay.rows());
  constexpr std::size_t kMostRows = 256;
  if (n < 2 || n > kMostRows) return "";
  std::vector<std::pair<double, std::size_t>> terms;
  for (std::size_t row = 0; row < n; ++row) {
    const Rule<double> only = [row, n](const Turn<double>& t) {
      t.run();
      for (std::vector<double>* dx : t.dx)
        if (dx != nullptr && dx->size() == n)
          for (std::size_t r = 0; r < n; ++r)
            if (r != row) (*dx)[r] = 0;
    };
    terms.emplace_back(
        c.replay.backward(c.mean, {{c.mean, only}})[static_cast<std::size_t>(node)][at], row);
  }
  std::ranges::sort(terms, std::ranges::greater(), [](const auto& t) { return std::abs(t.first); });
  std::string text;
  constexpr std::size_t kShown = 3;
  for (std::size_t i = 0; i < std::min(kShown, terms.size()); ++i)
    text += cat(i > 0 ? ", " : "", "row ", terms[i].second, " adds ", terms[i].first);
  return cat(text, terms.size() > kShown ? cat(", ", terms.size() - kShown, " other rows the rest")
                                         : std::string());
}

double correlation(const Values& a, const Values& b) {
  const auto n = static_cast<double>(a.size());
  const double ma = std::accumulate(a.begin(), a.end(), 0.0) / n,
               mb = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    ab += (a[i] - ma) * (b[i] - mb), aa += (a[i] - ma) * (a[i] - ma),
        bb += (b[i] - mb) * (b[i] - mb);
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

/// What the difference goes with most.
void correlate(const Case& c, int node, const Values& difference, const Values& right,
               Unexplained& u) {
  const auto look = [&](const Values& with, const std::string& what) {
    if (with.size() != difference.size() || difference.size() < 4) return;
    const double r = correlation(difference, with);
    if (std::abs(r) > std::abs(u.correlation)) u.correlation = r, u.correlates = what;
  };
  look(right, "the right gradient");
  if (c.node(node).kind == NodeKind::param) look(c.replay.value(node), "the parameter itself");
  for (const int id : c.graph().params())
    if (id != node && c.replay.wanted(id))
      look(c.right[static_cast<std::size_t>(id)], "the gradient of " + c.node(id).name);
  for (int id = 0; id <= c.loss; ++id) {
    if (!c.node(id).shape.batched() || c.replay.value(id).empty()) continue;
    // Of each unit the mean over the rows.
    const auto width = static_cast<std::size_t>(c.node(id).shape.size());
    Values mean(width);
    const Values& v = c.replay.value(id);
    for (std::size_t i = 0; i < v.size(); ++i) mean[i % width] += v[i];
    look(mean, "the mean value of " + c.node(id).name);
    look(v, "the value of " + c.node(id).name);
  }
  constexpr double kLeast = 0.5;
  if (std::abs(u.correlation) < kLeast) u.correlates.clear();
}

}  // namespace

Unexplained unexplained(const Case& c, const Search& search, const std::vector<GivenArray>& arrays,
                        const Trial& plain, const Trial& now) {
  const std::size_t i = now.prefix();
  const GivenArray& a = arrays[i];
  // With several mistakes, compared with what it would be with those that were found.
  const Values& right = now.values[i].empty() ? plain.values[i] : now.values[i];
  Unexplained u{.array = a.name, .ratio = kNaN, .least_ratio = kNaN, .greatest_ratio = kNaN};
  u.between = Between(c, arrays, now).sentence(a.node);
  if (!a.usable()) return u;
  Values difference(right.size());
  std::size_t worst = 0;
  const double small = 1e-3 * greatest(right);
  for (std::size_t k = 0; k < right.size(); ++k) {
    difference[k] = a.values[k] - right[k];
    if (std::abs(difference[k]) > std::abs(difference[worst])) worst = k;
    if (std::abs(right[k]) <= small) continue;
    const double ratio = a.values[k] / right[k];
    u.least_ratio = std::isnan(u.least_ratio) ? ratio : std::min(u.least_ratio, ratio);
    u.greatest_ratio = std::isnan(u.greatest_ratio) ? ratio : std::max(u.greatest_ratio, ratio);
  }
  u.element = element_name(c, a, worst);
  u.yours = a.values[worst], u.right = right[worst];
  if (u.right != 0) u.ratio = u.yours / u.right;
  u.terms = terms_of(c, a.node, worst);
  correlate(c, a.node, difference, search.right()[static_cast<std::size_t>(a.node)], u);
  return u;
}

}  // namespace chainrule::detail
