#include "chainrule/explain/drawing.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "chainrule/core/error.h"
#include "chainrule/explain/layout.h"
#include "chainrule/explain/text.h"
#include "chainrule/train/svg.h"

namespace chainrule {
namespace detail {
namespace {

using svg::escape;

constexpr double kRadius = 21;
constexpr double kCharacter = 7.4;  // width of one at 14 px
constexpr double kMargin = 28;
constexpr double kRowGap = 82, kLineGap = 50;
constexpr std::size_t kLabel = 28;  // characters of a value

std::string px(double x) { return svg::decimals(x, 1); }

double width_of(std::string_view text) {
  const auto n = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; });
  return kCharacter * static_cast<double>(n);
}

using Point = std::pair<double, double>;

class Drawer {
 public:
  Drawer(const Explanation& e, std::string_view title, bool interactive)
      : e_(e), title_(title), interactive_(interactive) {
    if (e.nodes.size() > kMaxDrawnNodes)
      throw Error(cat("the graph has ", grouped(static_cast<std::int64_t>(e.nodes.size())),
                      " nodes, at most ", kMaxDrawnNodes, " can be drawn"));
    place();
  }

  std::string str() {
    find_curves();
    take_places();
    for (std::size_t i = 0; i < e_.edges.size(); ++i) draw_edge(i);
    draw_output();
    for (std::size_t i = 0; i < e_.nodes.size(); ++i) draw_node(i);
    const std::string w = px(width_), h = px(height_);
    return cat("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"graph\" width=\"", w,
               "\" height=\"", h, "\" viewBox=\"0 0 ", w, " ", h, "\" role=\"",
               interactive_ ? "group" : "img", "\" aria-label=\"", escape(title_), "\">\n",
               interactive_
                   ? ""
                   : cat("<title>", escape(title_), "</title>\n<desc>", escape(description()),
                         "</desc>\n<style>", drawing_style(), "</style>\n"),
               "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
               "<defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" "
               "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path class=\"head\" "
               "d=\"M0 1.2 L9 5 L0 8.8 z\"/></marker></defs>\n",
               lines_, labels_, nodes_, "</svg>\n");
  }

 private:
  const ExplainedNode& node(int i) const { return e_.nodes[static_cast<std::size_t>(i)]; }
  static bool is_leaf(const ExplainedNode& n) { return n.op.empty(); }
  static double half_width(const ExplainedNode& n) {
    if (is_leaf(n)) return 5;
    return is_round(n) ? kRadius : kCharacter * static_cast<double>(n.symbol.size()) / 2 + 14;
  }
  static bool is_round(const ExplainedNode& n) { return width_of(n.symbol) <= 4 * kCharacter; }

  static std::string value_label(const ExplainedNode& n) {
    return value_text(n.value, n.shape, kLabel, n.shape.empty() ? 4 : 3);
  }
  static std::string gradient_label(std::span<const double> g, const ExplainedNode& n) {
    return value_text(g, n.shape, kLabel, n.shape.empty() ? 4 : 3);
  }

  /// The gradient of a node in which several paths meet.
  std::string sum_label(const ExplainedNode& n) const {
    const auto paths = std::ranges::count_if(
        n.outs, [&](int o) { return e_.edges[static_cast<std::size_t>(o)].has_gradient; });
    return paths > 1 ? "Σ " + gradient_label(n.gradient, n) : "";
  }

  void place() {
    std::vector<std::pair<int, int>> ends;
    std::vector<double> room;
    for (const ExplainedEdge& edge : e_.edges) {
      const ExplainedNode& from = node(edge.from);
      ends.emplace_back(edge.from, edge.to);
      const double label =
          std::max(width_of(value_label(from)), width_of(gradient_label(edge.downstream, from)));
      room.push_back(half_width(from) + half_width(node(edge.to)) + std::max(label + 40, 76.0));
    }
    const int count = static_cast<int>(e_.nodes.size());
    layout_ = layered(count, ends, room, kRowGap, kLineGap);
    // The name of an input stands before it.
    std::vector<double> names(static_cast<std::size_t>(layout_.columns), 0.0);
    for (std::size_t i = 0; i < e_.nodes.size(); ++i)
      if (is_leaf(e_.nodes[i])) {
        double& w = names[static_cast<std::size_t>(layout_.column[i])];
        w = std::max({w, width_of(e_.nodes[i].label) + 16, width_of(sum_label(e_.nodes[i])) + 16});
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
    left_ = kMargin + std::max(names[0], kRadius);
    const ExplainedNode& out = e_.out();
    out_length_ = std::max({width_of(value_label(out)) + 40, 80.0});
    width_ =
        left_ + layout_.width + half_width(out) + out_length_ + 12 + width_of(out.label) + kMargin;
    top_ = kMargin + 26;
    height_ = top_ + layout_.height + 44 + kMargin;
  }

  Point where(int i) const { return shifted(layout_.at[static_cast<std::size_t>(i)]); }
  Point shifted(Point p) const { return {p.first + left_, p.second + top_}; }

  void text(std::string& into, double x, double y, std::string_view anchor, std::string_view kind,
            std::string_view attributes, std::string_view content) const {
    into += cat("<text class=\"", kind, "\" x=\"", px(x), "\" y=\"", px(y), "\" text-anchor=\"",
                anchor, "\" ", attributes, ">", escape(content), "</text>\n");
  }

  /// Where a line that comes from `from` meets the outline of a node.
  static Point outline(const ExplainedNode& n, Point middle, Point from) {
    const double dx = from.first - middle.first, dy = from.second - middle.second;
    const double length = std::hypot(dx, dy);
    if (length == 0) return middle;
    if (is_leaf(n)) return {middle.first + 5, middle.second};
    if (is_round(n))
      return {middle.first + dx / length * kRadius, middle.second + dy / length * kRadius};
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
      curves_.push_back(std::move(c));
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
    for (std::size_t j = 0; j < curves_.size(); ++j)
      if (j != i)
        for (const Point& p : curves_[j].samples) sum += box.holds(p) ? 60 : 0;
    return sum;
  }

  void draw_edge(std::size_t i) {
    const ExplainedEdge& edge = e_.edges[i];
    const ExplainedNode& from = node(edge.from);
    const Curve& c = curves_[i];
    std::string d = cat("M", px(c.start.first), " ", px(c.start.second));
    for (const auto& [a, b, end] : c.pieces)
      d += cat(" C", px(a.first), " ", px(a.second), " ", px(b.first), " ", px(b.second), " ",
               px(end.first), " ", px(end.second));
    const std::string mine = cat("data-edge=\"", i, "\"");
    lines_ += cat("<path class=\"line\" ", mine, " marker-end=\"url(#head)\" d=\"", d, "\"/>\n");

    const std::string value = value_label(from);
    const std::string gradient = edge.has_gradient ? gradient_label(edge.downstream, from) : "";
    const double half = std::max(width_of(value), width_of(gradient)) / 2 + 2;
    const auto box_at = [&](const Point& p) {
      return Box{p.first - half, p.second - 20, p.first + half,
                 p.second + (gradient.empty() ? 0.0 : 21.0)};
    };
    const std::size_t n = c.samples.size();
    std::size_t best = n / 2;
    double least = 1e300;
    for (std::size_t k = n / 8; k < n - n / 8; ++k) {
      const double from_middle =
          std::abs(static_cast<double>(k) - 0.47 * static_cast<double>(n)) / static_cast<double>(n);
      const double bad = cost(i, box_at(c.samples[k])) + 100 * from_middle;
      if (bad < least) least = bad, best = k;
    }
    const auto [x, y] = c.samples[best];
    taken_.push_back(box_at({x, y}));
    text(labels_, x, y - 7, "middle", "value", cat(mine, " data-value=\"", edge.from, "\""), value);
    if (!gradient.empty()) text(labels_, x, y + 18, "middle", "gradient", mine, gradient);
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
        taken_.push_back({x - w, y - kRadius - 16, x + w, y + kRadius});
      if (const std::string sum = sum_label(n); !sum.empty() && is_leaf(n))
        taken_.push_back({x - 12 - width_of(sum), y + 8, x - 5, y + 26});
      else if (!sum.empty())
        taken_.push_back(
            {x - width_of(sum) / 2, y + kRadius, x + width_of(sum) / 2, y + kRadius + 20});
    }
  }

  void draw_output() {
    const ExplainedNode& out = e_.out();
    const auto [x, y] = where(e_.output);
    const double begin = x + half_width(out), end = begin + out_length_;
    lines_ += cat("<path class=\"line\" marker-end=\"url(#head)\" d=\"M", px(begin), " ", px(y),
                  " L", px(end), " ", px(y), "\"/>\n");
    const std::string mine = cat("data-value=\"", e_.output, "\"");
    text(labels_, (begin + end) / 2, y - 7, "middle", "value", mine, value_label(out));
    if (out.has_gradient)
      text(labels_, (begin + end) / 2, y + 18, "middle", "gradient",
           cat("data-gradient=\"", e_.output, "\""), gradient_label(out.gradient, out));
    text(labels_, end + 8, y + 5, "start", "name", "", out.label);
  }

  void draw_node(std::size_t i) {
    const ExplainedNode& n = e_.nodes[i];
    const auto [x, y] = where(static_cast<int>(i));
    nodes_ += cat("<g class=\"", is_leaf(n) ? "leaf" : "node", "\" data-node=\"", i, "\"");
    if (interactive_)
      nodes_ += cat(" tabindex=\"0\" role=\"button\" aria-label=\"", escape(sentence(n)), "\"");
    nodes_ += ">\n";
    if (!interactive_) nodes_ += cat("<title>", escape(sentence(n)), "</title>\n");
    const std::string sum = sum_label(n);
    const std::string summed = cat("data-gradient=\"", i, "\"");
    if (is_leaf(n)) {
      nodes_ += cat("<circle class=\"dot\" cx=\"", px(x), "\" cy=\"", px(y), "\" r=\"3.5\"/>\n");
      text(nodes_, x - 10, y + 5, "end", n.kind == NodeKind::constant ? "number" : "name", "",
           n.label);
      if (!sum.empty()) text(nodes_, x - 10, y + 23, "end", "gradient", summed, sum);
    } else {
      if (is_round(n))
        nodes_ += cat("<circle class=\"op\" cx=\"", px(x), "\" cy=\"", px(y), "\" r=\"",
                      px(kRadius), "\"/>\n");
      else
        nodes_ += cat("<rect class=\"op\" x=\"", px(x - half_width(n)), "\" y=\"", px(y - 17),
                      "\" width=\"", px(2 * half_width(n)), "\" height=\"34\" rx=\"17\"/>\n");
      text(nodes_, x, y + (width_of(n.symbol) < 2 * kCharacter ? 7 : 5), "middle",
           width_of(n.symbol) < 2 * kCharacter ? "symbol" : "word", "", n.symbol);
      if (static_cast<int>(i) != e_.output)
        text(nodes_, x, y - kRadius - 6, "middle", "small", "", n.label);
      if (!sum.empty()) text(nodes_, x, y + kRadius + 17, "middle", "gradient", summed, sum);
    }
    nodes_ += "</g>\n";
  }

  /// What a screen reader says about a node.
  std::string sentence(const ExplainedNode& n) const {
    std::string s = n.label;
    if (!n.formula.empty()) s += " = " + n.formula;
    if (s != value_label(n)) s += " = " + value_label(n);
    if (n.has_gradient)
      s += cat("; d ", e_.out().label, "/d ", n.label, " = ", gradient_label(n.gradient, n));
    return s;
  }

  std::string description() const {
    std::string s;
    for (const ExplainedNode& n : e_.nodes)
      if (n.kind != NodeKind::constant) s += sentence(n) + ". ";
    return s;
  }

  const Explanation& e_;
  std::string title_;
  bool interactive_;
  Layout layout_;
  double left_ = 0, top_ = 0, width_ = 0, height_ = 0, out_length_ = 0;
  struct Curve {
    Point start;
    std::vector<std::array<Point, 3>> pieces;
    std::vector<Point> samples;
  };
  static constexpr int kSamples = 24;
  std::vector<Curve> curves_;
  std::vector<Box> taken_;
  std::string lines_, labels_, nodes_;
};

}  // namespace

std::string drawing(const Explanation& e, std::string_view title, bool interactive) {
  return Drawer(e, title, interactive).str();
}

std::string_view drawing_style() {
  return R"css(
.graph text { font: 14px Helvetica, Arial, "Liberation Sans", sans-serif; fill: #1b1b1b;
  stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; paint-order: stroke; }
.graph .paper { fill: #ffffff; }
.graph .line { fill: none; stroke: #55606a; stroke-width: 1.4; }
.graph .head { fill: #55606a; stroke: none; }
.graph .op { fill: #f2f5f9; stroke: #2b3a4a; stroke-width: 1.6; }
.graph .dot { fill: #2b3a4a; }
.graph .node text.symbol, .graph .node text.word { stroke: none; }
.graph text.symbol { font-size: 20px; }
.graph text.word { font-size: 13.5px; }
.graph text.name { font: italic 16px Georgia, "Times New Roman", "Liberation Serif", serif; }
.graph text.number { fill: #55606a; }
.graph text.small { font: italic 12px Georgia, "Times New Roman", "Liberation Serif", serif;
  fill: #6b7680; }
.graph text.gradient { fill: #b8360f; }
@media (prefers-color-scheme: dark) {
  .graph text { fill: #eceff2; stroke: #14181c; }
  .graph .paper { fill: #14181c; }
  .graph .line { stroke: #8b98a5; }
  .graph .head { fill: #8b98a5; }
  .graph .op { fill: #222a33; stroke: #aebccb; }
  .graph .dot { fill: #aebccb; }
  .graph text.number, .graph text.small { fill: #9aa6b2; }
  .graph text.gradient { fill: #ff9466; }
}
@media print {
  .graph text { fill: #1b1b1b; stroke: #ffffff; }
  .graph .paper { fill: #ffffff; }
  .graph text.gradient { fill: #b8360f; }
}
)css";
}

}  // namespace detail

std::string explanation_svg(const Explanation& e, std::string_view title) {
  return detail::drawing(e, title, false);
}

}  // namespace chainrule
