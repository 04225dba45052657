#include "chainrule/picture/drawing_plan.h"

#include <algorithm>
#include <cmath>

#include "chainrule/explain/text.h"
#include "chainrule/picture/layout.h"

namespace chainrule::detail {
namespace {

constexpr double kMargin = 28;
constexpr double kRowGap = 82, kLineGap = 50;
constexpr std::size_t kLabel = 28;  // characters of a value

class Planner {
 public:
  explicit Planner(const Explanation& e) : e_(e) {}

  DrawingPlan operator()() {
    place();
    for (int i = 0; i < static_cast<int>(e_.nodes.size()); ++i) plan_.nodes.push_back(where(i));
    find_curves();
    take_places();
    plan_.labels.resize(e_.edges.size()), boxes_.resize(e_.edges.size());
    // Again, now that the others are known: the first ones may have stood in the way.
    for (int round = 0; round < 3; ++round)
      for (std::size_t i = 0; i < e_.edges.size(); ++i) place_label(i);
    return std::move(plan_);
  }

 private:
  const ExplainedNode& node(int i) const { return e_.nodes[static_cast<std::size_t>(i)]; }

  void place() {
    std::vector<std::pair<int, int>> ends;
    std::vector<double> room;
    for (const ExplainedEdge& edge : e_.edges) {
      const ExplainedNode& from = node(edge.from);
      ends.emplace_back(edge.from, edge.to);
      const double label = std::max(width_of(arrow_label(from.value, from)),
                                    width_of(arrow_label(edge.downstream, from)));
      room.push_back(half_width(from) + half_width(node(edge.to)) + std::max(label + 40, 76.0));
    }
    const int count = static_cast<int>(e_.nodes.size());
    layout_ = layered(count, ends, room, kRowGap, kLineGap);
    // The name of an input stands before it.
    std::vector<double> names(static_cast<std::size_t>(layout_.columns), 0.0);
    for (std::size_t i = 0; i < e_.nodes.size(); ++i)
      if (is_leaf(e_.nodes[i])) {
        double& w = names[static_cast<std::size_t>(layout_.column[i])];
        w = std::max(
            {w, width_of(e_.nodes[i].label) + 16, width_of(sum_label(e_, e_.nodes[i])) + 16});
      }
    // Where nodes are read more than once, lines cross and labels need more room.
    std::vector<double> more(names.size(), 0.0);
    const auto column = [&](int i) {
      return static_cast<std::size_t>(layout_.column[static_cast<std::size_t>(i)]);
    };
    for (int i = 0; i < count; ++i)
      more[column(i)] += 18.0 * std::max(0.0, static_cast<double>(node(i).outs.size()) - 1);
    for (std::size_t i = 0; i < ends.size(); ++i) {
      const std::size_t next = column(ends[i].first) + 1;
      if (next < names.size()) room[i] += names[next] + std::min(more[next - 1], 150.0);
    }
    layout_ = layered(count, ends, room, kRowGap, kLineGap);
    left_ = kMargin + std::max(names[0], kNodeRadius);
    const ExplainedNode& out = e_.out();
    plan_.out_length = std::max({width_of(arrow_label(out.value, out)) + 40, 80.0});
    plan_.width = left_ + layout_.width + half_width(out) + plan_.out_length + 12 +
                  width_of(out.label) + kMargin;
    top_ = kMargin + 26;
    plan_.height = top_ + layout_.height + 44 + kMargin;
  }

  Point where(int i) const { return shifted(layout_.at[static_cast<std::size_t>(i)]); }
  Point shifted(Point p) const { return {p.first + left_, p.second + top_}; }

  /// Where a line that comes from `from` meets the outline of a node.
  static Point outline(const ExplainedNode& n, Point middle, Point from) {
    const double dx = from.first - middle.first, dy = from.second - middle.second;
    const double length = std::hypot(dx, dy);
    if (length == 0) return middle;
    if (is_leaf(n)) return {middle.first + 5, middle.second};
    if (is_round(n))
      return {middle.first + dx / length * kNodeRadius, middle.second + dy / length * kNodeRadius};
    // A pill: left or right side, at the height of the line.
    const double w = half_width(n), side = dx < 0 ? -w : w;
    const double h = std::clamp(dy / std::max(std::abs(dx), 1.0) * w, -12.0, 12.0);
    return {middle.first + side, middle.second + h};
  }

  /// The line of an edge: through the places that the layout gives it, x * x as two bows.
  std::vector<Point> points_of(std::size_t i) const {
    const ExplainedEdge& edge = e_.edges[i];
    const ExplainedNode &from = node(edge.from), &to = node(edge.to);
    std::vector<Point> points;
    for (const Point& p : layout_.edges[i]) points.push_back(shifted(p));
    int same = 0, before = 0;
    for (std::size_t j = 0; j < e_.edges.size(); ++j)
      if (e_.edges[j].from == edge.from && e_.edges[j].to == edge.to) ++same, before += j < i;
    if (same > 1 && points.size() == 2) {
      const double bow = 34.0 * (before - (same - 1) / 2.0) * 2;
      points.insert(points.begin() + 1, {(points[0].first + points[1].first) / 2,
                                         (points[0].second + points[1].second) / 2 + bow});
    }
    points.front() = outline(from, points.front(), points[1]);
    points.back() = outline(to, points.back(), points[points.size() - 2]);
    return points;
  }

  /// A smooth curve through points (Catmull and Rom): each piece as its two control points and its
  /// end.
  static std::vector<std::array<Point, 3>> curve(const std::vector<Point>& p) {
    std::vector<std::array<Point, 3>> pieces;
    const auto slope = [&](std::size_t k) {
      const Point& a = p[k == 0 ? 0 : k - 1];
      const Point& b = p[std::min(k + 1, p.size() - 1)];
      const double whole = k == 0 || k + 1 == p.size() ? 1 : 2;
      return Point{(b.first - a.first) / whole, (b.second - a.second) / whole};
    };
    for (std::size_t k = 0; k + 1 < p.size(); ++k) {
      const Point m0 = slope(k), m1 = slope(k + 1);
      pieces.push_back({Point{p[k].first + m0.first / 3, p[k].second + m0.second / 3},
                        Point{p[k + 1].first - m1.first / 3, p[k + 1].second - m1.second / 3},
                        p[k + 1]});
    }
    return pieces;
  }

  void find_curves() {
    for (std::size_t i = 0; i < e_.edges.size(); ++i) {
      const std::vector<Point> points = points_of(i);
      Curve c{points[0], curve(points), {}};
      Point start = points[0];
      for (const auto& [a, b, end] : c.pieces) {
        for (int k = 0; k < kSamples; ++k) {
          const double t = static_cast<double>(k) / kSamples, u = 1 - t;
          const auto at = [&](double p, double q, double r, double s) {
            return u * u * u * p + 3 * u * u * t * q + 3 * u * t * t * r + t * t * t * s;
          };
          c.samples.emplace_back(at(start.first, a.first, b.first, end.first),
                                 at(start.second, a.second, b.second, end.second));
        }
        start = end;
      }
      plan_.curves.push_back(std::move(c));
    }
  }

  struct Box {
    double x0, y0, x1, y1;
    double overlap(const Box& o) const {
      return std::max(0.0, std::min(x1, o.x1) - std::max(x0, o.x0)) *
             std::max(0.0, std::min(y1, o.y1) - std::max(y0, o.y0));
    }
    bool holds(const Point& p) const {
      return p.first > x0 && p.first < x1 && p.second > y0 && p.second < y1;
    }
  };

  /// How bad it is to put a label of edge `i` there.
  double cost(std::size_t i, const Box& box) const {
    double sum = 0;
    for (const Box& other : taken_) sum += 3 * box.overlap(other);
    for (std::size_t j = 0; j < plan_.curves.size(); ++j) {
      if (j == i) continue;
      for (const Box& other : boxes_[j]) sum += 3 * box.overlap(other);
      for (const Point& p : plan_.curves[j].samples) sum += box.holds(p) ? 40 : 0;
    }
    return sum;
  }

  /// Above and below the line; where it is steep, to the sides, so that it does not cross them.
  void place_label(std::size_t i) {
    const ExplainedEdge& edge = e_.edges[i];
    const ExplainedNode& from = node(edge.from);
    const std::vector<Point>& samples = plan_.curves[i].samples;
    const double value = width_of(arrow_label(from.value, from)) / 2;
    const double gradient =
        edge.has_gradient ? width_of(arrow_label(edge.downstream, from)) / 2 : 0;
    const auto labels_at = [&](std::size_t k) {
      const Point &a = samples[k - 1], &b = samples[k + 1];
      const double slope = (b.second - a.second) / std::max(1.0, b.first - a.first);
      const auto aside = [&](double half) {
        const double far = half - 5 / std::max(std::abs(slope), 1e-3);
        return std::clamp(far, 0.0, half + 4) * (slope > 0 ? 1 : -1);
      };
      const auto& [x, y] = samples[k];
      return std::pair(Point{x + aside(value), y - 7}, Point{x - aside(gradient), y + 18});
    };
    const auto box = [](const Point& p, double half) {
      return Box{p.first - half - 2, p.second - 13, p.first + half + 2, p.second + 3};
    };
    const std::size_t n = samples.size();
    std::size_t best = n / 2;
    double least = 1e300;
    for (std::size_t k = n / 8; k < n - n / 8; ++k) {
      const auto [v, g] = labels_at(k);
      const double from_middle =
          std::abs(static_cast<double>(k) - 0.47 * static_cast<double>(n)) / static_cast<double>(n);
      double bad = cost(i, box(v, value)) + 100 * from_middle;
      if (edge.has_gradient) bad += cost(i, box(g, gradient));
      if (bad < least) least = bad, best = k;
    }
    const auto [v, g] = plan_.labels[i] = labels_at(best);
    boxes_[i] = {box(v, value)};
    if (edge.has_gradient) boxes_[i].push_back(box(g, gradient));
  }

  /// Nodes and names are in the way of labels.
  void take_places() {
    for (std::size_t i = 0; i < e_.nodes.size(); ++i) {
      const ExplainedNode& n = e_.nodes[i];
      const auto [x, y] = where(static_cast<int>(i));
      const double w = half_width(n);
      if (is_leaf(n))
        taken_.push_back({x - 12 - width_of(n.label), y - 12, x + 5, y + 8});
      else
        taken_.push_back({x - w, y - kNodeRadius - 16, x + w, y + kNodeRadius});
      if (const std::string sum = sum_label(e_, n); !sum.empty() && is_leaf(n))
        taken_.push_back({x - 12 - width_of(sum), y + 8, x - 5, y + 26});
      else if (!sum.empty())
        taken_.push_back(
            {x - width_of(sum) / 2, y + kNodeRadius, x + width_of(sum) / 2, y + kNodeRadius + 20});
    }
  }

  const Explanation& e_;
  DrawingPlan plan_;
  Layout layout_;
  double left_ = 0, top_ = 0;
  static constexpr int kSamples = 24;
  std::vector<Box> taken_;               // by nodes
  std::vector<std::vector<Box>> boxes_;  // by labels of each edge
};

}  // namespace

double width_of(std::string_view text) {
  const auto n = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; });
  return kCharacterWidth * static_cast<double>(n);
}

bool is_round(const ExplainedNode& n) { return width_of(n.symbol) <= 4 * kCharacterWidth; }

double half_width(const ExplainedNode& n) {
  if (is_leaf(n)) return 5;
  return is_round(n) ? kNodeRadius : width_of(n.symbol) / 2 + 14;
}

std::string arrow_label(std::span<const double> values, const ExplainedNode& n) {
  return value_text(values, n.shape, kLabel, n.shape.empty() ? 4 : 3);
}

std::string sum_label(const Explanation& e, const ExplainedNode& n) {
  const auto paths = std::ranges::count_if(
      n.outs, [&](int o) { return e.edges[static_cast<std::size_t>(o)].has_gradient; });
  return paths > 1 ? "Σ " + arrow_label(n.gradient, n) : "";
}

DrawingPlan plan_drawing(const Explanation& e) { return Planner(e)(); }

}  // namespace chainrule::detail
