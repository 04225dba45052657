#include "chainrule/explain/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace chainrule {
namespace detail {

std::string number_text(double x, int digits) {
  std::array<char, 40> buffer;
  const int n = std::snprintf(buffer.data(), buffer.size(), "%.*g", digits, x == 0 ? 0.0 : x);
  return {buffer.data(), static_cast<std::size_t>(n)};
}

std::string shape_text(std::span<const Index> shape) {
  std::string s;
  for (const Index d : shape) s += cat(s.empty() ? "" : " × ", d);
  return shape.size() == 1 ? s + " numbers" : s;
}

namespace {

/// Calls open, number and close for nested lists of that shape.
template <class Number>
void nest(std::string& out, std::span<const double>& values, std::span<const Index> shape,
          Number number) {
  if (shape.empty()) {
    out += number(values.front());
    values = values.subspan(1);
    return;
  }
  out += '[';
  for (Index i = 0; i < shape[0]; ++i) {
    if (i > 0) out += ", ";
    nest(out, values, shape.subspan(1), number);
  }
  out += ']';
}

}  // namespace

std::string value_text(std::span<const double> values, std::span<const Index> shape,
                       std::size_t width, int digits) {
  std::string s;
  if (shape.size() > 0) digits = std::min(digits, 4);
  if (!values.empty() && values.size() <= width)
    nest(s, values, shape, [=](double x) { return number_text(x, digits); });
  return s.empty() || (s.size() > width && !shape.empty()) ? shape_text(shape) : s;
}

}  // namespace detail

namespace {

using detail::number_text;
using detail::shape_text;
using detail::value_text;

constexpr std::size_t kWidth = 100;
constexpr std::size_t kCell = 34;                // characters of a vector within a line
constexpr Index kBlockRows = 8, kBlockCols = 8;  // of a matrix below a line

std::size_t columns(std::string_view s) {
  return static_cast<std::size_t>(
      std::count_if(s.begin(), s.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string padded(const std::string& s, std::size_t width) {
  return s + std::string(width - std::min(width, columns(s)), ' ');
}

std::string padded_left(const std::string& s, std::size_t width) {
  return std::string(width - std::min(width, columns(s)), ' ') + s;
}

/// A matrix in columns, cut to kBlockRows x kBlockCols.
std::string block(std::span<const double> values, Index rows, Index cols,
                  const std::string& indent) {
  const Index shown_rows = std::min(rows, kBlockRows), shown_cols = std::min(cols, kBlockCols);
  std::vector<std::vector<std::string>> cells;
  std::vector<std::size_t> widths(static_cast<std::size_t>(shown_cols), 0);
  for (Index r = 0; r < shown_rows; ++r) {
    auto& row = cells.emplace_back();
    for (Index c = 0; c < shown_cols; ++c) {
      row.push_back(number_text(values[static_cast<std::size_t>(r * cols + c)], 4));
      auto& width = widths[static_cast<std::size_t>(c)];
      width = std::max(width, row.back().size());
    }
  }
  std::string text;
  for (const auto& row : cells) {
    text += indent;
    for (std::size_t c = 0; c < row.size(); ++c)
      text += (c > 0 ? "  " : "") + padded_left(row[c], widths[c]);
    text += shown_cols < cols ? "  …\n" : "\n";
  }
  if (shown_rows < rows) text += indent + "…\n";
  return text;
}

/// Lines of cells; equal cells of all lines begin in the same column.
class Lines {
 public:
  void add(std::vector<std::string> cells, std::string below = "") {
    rows_.push_back({std::move(cells), std::move(below)});
  }
  std::string str() const {
    std::vector<std::size_t> widths;
    for (const Row& row : rows_) {
      widths.resize(std::max(widths.size(), row.cells.size()), 0);
      for (std::size_t i = 0; i + 1 < row.cells.size(); ++i)
        widths[i] = std::max(widths[i], std::min(columns(row.cells[i]), kWidth / 3));
    }
    std::string text;
    for (const Row& row : rows_) {
      std::string line = "  ";
      for (std::size_t i = 0; i < row.cells.size(); ++i) {
        const std::string cell =
            i + 1 < row.cells.size() ? padded(row.cells[i], widths[i]) : row.cells[i];
        // A line that would be too long goes on below.
        if (columns(line) + columns(cell) > kWidth && i > 0 && !row.cells[i].empty()) {
          text += trimmed(line) + '\n';
          line = "      ";
        }
        line += cell;
      }
      text += trimmed(line) + '\n' + row.below;
    }
    return text;
  }

 private:
  struct Row {
    std::vector<std::string> cells;
    std::string below;
  };
  static std::string trimmed(std::string s) {
    s.erase(s.find_last_not_of(' ') + 1);
    return s;
  }
  std::vector<Row> rows_;
};

class Writer {
 public:
  explicit Writer(const Explanation& e) : e_(e) {}

  std::string str() {
    std::string text = "forward\n" + forward();
    if (!e_.out().has_gradient) return text + "\nnothing here can be differentiated\n";
    text += "\nbackward: upstream × local = downstream\n";
    if (e_.out().gradient_stats.size > 1)
      text += cat("  ", e_.out().label, " has ", e_.out().gradient_stats.size,
                  " elements: what follows is the gradient of their sum\n");
    return text + backward();
  }

 private:
  const ExplainedNode& node(int i) const { return e_.nodes[static_cast<std::size_t>(i)]; }
  const ExplainedEdge& edge(int i) const { return e_.edges[static_cast<std::size_t>(i)]; }

  std::string forward() const {
    Lines lines;
    for (const ExplainedNode& n : e_.nodes) {
      const bool is_output = &n == &e_.out();
      if (n.kind == NodeKind::constant && !is_output) continue;
      const std::string value = value_text(n.value, n.shape, kCell);
      std::string below;
      if (!n.shape.empty() && value == shape_text(n.shape) && !n.value.empty())
        below = matrix(n.value, n.shape);
      if (n.op.empty()) {
        if (is_output || (n.value.size() != 1 && !n.name.starts_with('#')))
          lines.add({n.label == value ? "out" : n.label, " = ", value}, below);
      } else if (n.numbers.empty()) {
        lines.add({n.label, " = ", n.formula, " = ", value}, below);
      } else {
        lines.add({n.label, " = ", n.formula, " = ", n.numbers, " = ", value}, below);
      }
    }
    return lines.str();
  }

  static std::string matrix(std::span<const double> values, std::span<const Index> shape) {
    const Index cols = shape.empty() ? 1 : shape.back();
    return block(values, static_cast<Index>(values.size()) / cols, cols, "        ");
  }

  std::string backward() const {
    Lines lines;
    const ExplainedNode& out = e_.out();
    lines.add({out.label, " = ", gradient(out), "", "", "", "", check(out)});
    for (std::size_t i = e_.nodes.size(); i-- > 0;) {
      const ExplainedNode& n = e_.nodes[i];
      if (!n.has_gradient) continue;
      if (uses(n) > 1) lines.add(sum_line(n), below(n));
      for (const int in : n.ins)
        if (edge(in).has_gradient) add_edge(lines, n, edge(in));
    }
    return lines.str();
  }

  int uses(const ExplainedNode& n) const {
    return static_cast<int>(
        std::ranges::count_if(n.outs, [&](int o) { return edge(o).has_gradient; }));
  }

  std::string derivative(const ExplainedNode& n) const {
    return cat("d ", e_.out().label, "/d ", n.label);
  }

  std::string gradient(const ExplainedNode& n) const {
    return value_text(n.gradient, n.shape, kCell);
  }

  /// The gradient as a matrix, when it does not fit into the line.
  std::string below(const ExplainedNode& n) const {
    if (n.shape.empty() || n.gradient.empty() || gradient(n) != shape_text(n.shape)) return "";
    return matrix(n.gradient, n.shape);
  }

  std::string check(const ExplainedNode& n) const {
    if (!n.check) return "";
    const NumericalCheck& c = *n.check;
    const std::string verdict(to_string(c.verdict));
    if (c.values.size() == 1) {
      std::array<char, 60> number;
      std::snprintf(number.data(), number.size(), "   numerical %.6f   ", c.values[0]);
      return number.data() + verdict;
    }
    if (c.verdict == NumericalCheck::kink)
      return cat("   numerical ok, ", c.checked - c.kinks, " of ", c.checked, " elements, ",
                 c.kinks, " at a kink");
    const bool all = c.checked == static_cast<Index>(c.values.size());
    return cat("   numerical ", verdict, ", ", all ? "all " : "", c.checked,
               all ? "" : cat(" of ", c.values.size()), " elements");
  }

  std::vector<std::string> sum_line(const ExplainedNode& n) const {
    std::string terms;
    for (auto it = n.outs.rbegin(); it != n.outs.rend(); ++it) {
      if (!edge(*it).has_gradient) continue;
      const std::string term = value_text(edge(*it).downstream, n.shape, kCell / 2);
      const bool minus = term.starts_with('-') && !terms.empty();
      terms += (terms.empty() ? "" : minus ? " - " : " + ") + (minus ? term.substr(1) : term);
    }
    return {derivative(n), " = ", cat(terms, " = ", gradient(n), check(n))};
  }

  void add_edge(Lines& lines, const ExplainedNode& to, const ExplainedEdge& edge) const {
    const ExplainedNode& from = node(edge.from);
    const bool alone = uses(from) == 1;
    std::string left = derivative(from);
    if (!alone) left += " by " + to.label;
    const std::string down = value_text(edge.downstream, from.shape, kCell);
    std::string under = alone ? below(from) : "";
    std::string local;
    const Index size = edge.rows * edge.cols;
    if (size == 1) {
      local = number_text(edge.local[0]);
    } else if (edge.diagonal) {
      std::vector<double> diagonal;
      for (Index i = 0; i < edge.rows; ++i)
        diagonal.push_back(edge.local[static_cast<std::size_t>(i * (edge.cols + 1))]);
      local = value_text(diagonal, to.shape, kCell);
    } else if (size > 0 && edge.rows <= kBlockRows && edge.cols <= kBlockCols && !is_sum(edge)) {
      under += cat("      d ", to.label, "/d ", from.label, " =\n") +
               block(edge.local, edge.rows, edge.cols, "        ");
    }
    if (local == edge.formula) local.clear();
    const std::string verdict = alone ? check(from) : "";
    if (edge.is_factor)
      lines.add({left, " = ", gradient(to), " × ", edge.formula + (local.empty() ? "" : "  "),
                 local, " = ", down + verdict},
                under);
    else
      lines.add({left, " = ", cat(edge.formula, " = ", down, verdict)}, under);
  }

  /// A Jacobian of ones needs no matrix.
  static bool is_sum(const ExplainedEdge& edge) {
    return std::ranges::all_of(edge.local, [](double x) { return x == 1; });
  }

  const Explanation& e_;
};

}  // namespace

std::string explanation_text(const Explanation& e) { return Writer(e).str(); }

}  // namespace chainrule
