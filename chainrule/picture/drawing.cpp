#include "chainrule/picture/drawing.h"

#include "chainrule/core/error.h"
#include "chainrule/picture/drawing_plan.h"
#include "chainrule/picture/svg.h"

namespace chainrule {
namespace detail {
namespace {

using svg::escape;

std::string px(double x) { return svg::decimals(x, 1); }

class Drawer {
 public:
  Drawer(const Explanation& e, std::string_view title, bool interactive)
      : e_(e), title_(title), interactive_(interactive) {
    if (e.nodes.size() > kMaxDrawnNodes)
      throw Error(cat("the graph has ", grouped(static_cast<std::int64_t>(e.nodes.size())),
                      " nodes, at most ", kMaxDrawnNodes, " can be drawn"));
    plan_ = plan_drawing(e);
  }

  std::string str() {
    for (std::size_t i = 0; i < e_.edges.size(); ++i) draw_edge(i);
    draw_output();
    for (std::size_t i = 0; i < e_.nodes.size(); ++i) draw_node(i);
    const std::string w = px(plan_.width), h = px(plan_.height);
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
  void text(std::string& into, double x, double y, std::string_view anchor, std::string_view kind,
            std::string_view attributes, std::string_view content) const {
    into += cat("<text class=\"", kind, "\" x=\"", px(x), "\" y=\"", px(y), "\" text-anchor=\"",
                anchor, "\" ", attributes, ">", escape(content), "</text>\n");
  }

  void draw_edge(std::size_t i) {
    const ExplainedEdge& edge = e_.edges[i];
    const ExplainedNode& from = node(edge.from);
    const Curve& c = plan_.curves[i];
    std::string d = cat("M", px(c.start.first), " ", px(c.start.second));
    for (const auto& [a, b, end] : c.pieces)
      d += cat(" C", px(a.first), " ", px(a.second), " ", px(b.first), " ", px(b.second), " ",
               px(end.first), " ", px(end.second));
    const std::string mine = cat("data-edge=\"", i, "\"");
    lines_ += cat("<path class=\"line\" ", mine, " marker-end=\"url(#head)\" d=\"", d, "\"/>\n");

    const std::string value = arrow_label(from.value, from);
    const std::string gradient = edge.has_gradient ? arrow_label(edge.downstream, from) : "";
    const auto& [above, below] = plan_.labels[i];
    text(labels_, above.first, above.second, "middle", "value",
         cat(mine, " data-value=\"", edge.from, "\""), value);
    if (!gradient.empty())
      text(labels_, below.first, below.second, "middle", "gradient", mine, gradient);
  }

  void draw_output() {
    const ExplainedNode& out = e_.out();
    const auto [x, y] = plan_.nodes[static_cast<std::size_t>(e_.output)];
    const double begin = x + half_width(out), end = begin + plan_.out_length;
    lines_ += cat("<path class=\"line\" marker-end=\"url(#head)\" d=\"M", px(begin), " ", px(y),
                  " L", px(end), " ", px(y), "\"/>\n");
    const std::string mine = cat("data-value=\"", e_.output, "\"");
    text(labels_, (begin + end) / 2, y - 7, "middle", "value", mine, arrow_label(out.value, out));
    if (out.has_gradient)
      text(labels_, (begin + end) / 2, y + 18, "middle", "gradient",
           cat("data-gradient=\"", e_.output, "\""), arrow_label(out.gradient, out));
    text(labels_, end + 8, y + 5, "start", "name", "", out.label);
  }

  void draw_node(std::size_t i) {
    const ExplainedNode& n = e_.nodes[i];
    const auto [x, y] = plan_.nodes[i];
    nodes_ += cat("<g class=\"", is_leaf(n) ? "leaf" : "node", "\" data-node=\"", i, "\"");
    if (interactive_)
      nodes_ += cat(" tabindex=\"0\" role=\"button\" aria-label=\"", escape(sentence(n)), "\"");
    nodes_ += ">\n";
    if (!interactive_) nodes_ += cat("<title>", escape(sentence(n)), "</title>\n");
    const std::string sum = sum_label(e_, n);
    const std::string summed = cat("data-gradient=\"", i, "\"");
    if (is_leaf(n)) {
      nodes_ += cat("<circle class=\"dot\" cx=\"", px(x), "\" cy=\"", px(y), "\" r=\"3.5\"/>\n");
      text(nodes_, x - 10, y + 5, "end", n.kind == NodeKind::constant ? "number" : "name", "",
           n.label);
      if (!sum.empty()) text(nodes_, x - 10, y + 23, "end", "gradient", summed, sum);
    } else {
      if (is_round(n))
        nodes_ += cat("<circle class=\"op\" cx=\"", px(x), "\" cy=\"", px(y), "\" r=\"",
                      px(kNodeRadius), "\"/>\n");
      else
        nodes_ += cat("<rect class=\"op\" x=\"", px(x - half_width(n)), "\" y=\"", px(y - 17),
                      "\" width=\"", px(2 * half_width(n)), "\" height=\"34\" rx=\"17\"/>\n");
      text(nodes_, x, y + (width_of(n.symbol) < 2 * kCharacterWidth ? 7 : 5), "middle",
           width_of(n.symbol) < 2 * kCharacterWidth ? "symbol" : "word", "", n.symbol);
      if (static_cast<int>(i) != e_.output)
        text(nodes_, x, y - kNodeRadius - 6, "middle", "small", "", n.label);
      if (!sum.empty()) text(nodes_, x, y + kNodeRadius + 17, "middle", "gradient", summed, sum);
    }
    nodes_ += "</g>\n";
  }

  /// What a screen reader says about a node.
  std::string sentence(const ExplainedNode& n) const {
    std::string s = n.label;
    if (!n.formula.empty()) s += " = " + n.formula;
    if (s != arrow_label(n.value, n)) s += " = " + arrow_label(n.value, n);
    if (n.has_gradient)
      s += cat("; d ", e_.out().label, "/d ", n.label, " = ", arrow_label(n.gradient, n));
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
  DrawingPlan plan_;
  std::string lines_, labels_, nodes_;
};

}  // namespace

std::string drawing(const Explanation& e, std::string_view title, bool interactive) {
  return Drawer(e, title, interactive).str();
}

}  // namespace detail

std::string explanation_svg(const Explanation& e, std::string_view title) {
  return detail::drawing(e, title, false);
}

}  // namespace chainrule
