#include "chainrule/picture/layout.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>

namespace chainrule::detail {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// A node, or the place where a long edge passes a column.
struct Spot {
  int column = 0;
  bool is_line = false;
  std::vector<int> left, right;  // neighbours
  double y = 0;
};

class Layering {
 public:
  Layering(int nodes, const std::vector<std::pair<int, int>>& edges, double row_gap,
           double line_gap)
      : row_gap_(row_gap), line_gap_(line_gap), spots_(at(nodes)) {
    choose_columns(edges);
    for (const auto& edge : edges) add_edge(edge);
    order();
    place();
  }

  const std::vector<Spot>& spots() const { return spots_; }
  const std::vector<std::vector<int>>& paths() const { return paths_; }
  int columns() const { return static_cast<int>(columns_.size()); }

 private:
  /// By the longest path; what has no input stands just before its first reader.
  void choose_columns(const std::vector<std::pair<int, int>>& edges) {
    std::vector<bool> has_input(spots_.size(), false);
    std::vector<int> nearest(spots_.size(), -1);
    for (const auto& [from, to] : edges) has_input[at(to)] = true;
    // Edges come in the order of their ends, so one pass is enough.
    for (const auto& [from, to] : edges)
      spots_[at(to)].column = std::max(spots_[at(to)].column, spots_[at(from)].column + 1);
    for (const auto& [from, to] : edges) {
      int& near = nearest[at(from)];
      if (near < 0 || spots_[at(to)].column < near) near = spots_[at(to)].column;
    }
    for (std::size_t i = 0; i < spots_.size(); ++i)
      if (!has_input[i] && nearest[i] > 0) spots_[i].column = nearest[i] - 1;
    int last = 0;
    for (const Spot& s : spots_) last = std::max(last, s.column);
    columns_.resize(at(last + 1));
  }

  void add_edge(const std::pair<int, int>& edge) {
    std::vector<int> path{edge.first};
    for (int c = spots_[at(edge.first)].column + 1; c < spots_[at(edge.second)].column; ++c) {
      path.push_back(static_cast<int>(spots_.size()));
      spots_.push_back({.column = c, .is_line = true, .left = {}, .right = {}});
    }
    path.push_back(edge.second);
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
      spots_[at(path[i])].right.push_back(path[i + 1]);
      spots_[at(path[i + 1])].left.push_back(path[i]);
    }
    paths_.push_back(std::move(path));
  }

  /// First as a walk from the last node visits them, which draws a tree without crossings; then
  /// by the means of neighbours, as long as that has fewer crossings.
  void order() {
    std::vector<bool> seen(spots_.size(), false);
    for (std::size_t start = spots_.size(); start-- > 0;) {
      std::vector<int> stack;
      if (spots_[start].right.empty()) stack.push_back(static_cast<int>(start));
      while (!stack.empty()) {
        const int i = stack.back();
        stack.pop_back();
        if (seen[at(i)]) continue;
        seen[at(i)] = true;
        columns_[at(spots_[at(i)].column)].push_back(i);
        const std::vector<int>& left = spots_[at(i)].left;
        for (auto it = left.rbegin(); it != left.rend(); ++it) stack.push_back(*it);
      }
    }
    std::vector<std::vector<int>> best = columns_;
    long least = crossings();
    for (int round = 0; round < 12 && least > 0; ++round) {
      const bool forwards = round % 2 == 1;
      for (std::size_t k = 0; k < columns_.size(); ++k)
        sort_column(forwards ? k : columns_.size() - 1 - k, forwards);
      if (const long count = crossings(); count < least) least = count, best = columns_;
    }
    columns_ = best;
    number();
  }

  void number() {
    for (const auto& column : columns_)
      for (std::size_t i = 0; i < column.size(); ++i)
        spots_[at(column[i])].y = static_cast<double>(i);
  }

  double mean(const std::vector<int>& neighbours, double otherwise) const {
    if (neighbours.empty()) return otherwise;
    double sum = 0;
    for (const int n : neighbours) sum += spots_[at(n)].y;
    return sum / static_cast<double>(neighbours.size());
  }

  void sort_column(std::size_t k, bool by_left) {
    number();
    std::vector<std::pair<double, int>> keys;
    for (const int i : columns_[k]) {
      const Spot& s = spots_[at(i)];
      keys.emplace_back(mean(by_left ? s.left : s.right, s.y), i);
    }
    std::stable_sort(keys.begin(), keys.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < keys.size(); ++i) columns_[k][i] = keys[i].second;
  }

  long crossings() {
    number();
    long count = 0;
    for (const auto& column : columns_) {
      std::vector<std::pair<double, double>> lines;
      for (const int i : column)
        for (const int r : spots_[at(i)].right)
          lines.emplace_back(spots_[at(i)].y, spots_[at(r)].y);
      for (std::size_t a = 0; a < lines.size(); ++a)
        for (std::size_t b = 0; b < a; ++b)
          count += (lines[a].first - lines[b].first) * (lines[a].second - lines[b].second) < 0;
    }
    return count;
  }

  double gap(int a, int b) const {
    return spots_[at(a)].is_line || spots_[at(b)].is_line ? line_gap_ : row_gap_;
  }

  /// Heights: each column in turn moves towards its neighbours.
  void place() {
    for (const auto& column : columns_) {
      double y = 0;
      for (std::size_t i = 0; i < column.size(); ++i) {
        if (i > 0) y += gap(column[i - 1], column[i]);
        spots_[at(column[i])].y = y;
      }
    }
    // To and fro; then inputs stand in front of their readers and readers in the middle of what
    // they read, as in a tree.
    for (int round = 0; round < 11; ++round) {
      for (std::size_t k = columns_.size(); k-- > 0;) settle(k, By::right);
      for (std::size_t k = 0; k < columns_.size(); ++k) settle(k, By::left);
    }
    for (std::size_t k = 0; k < columns_.size(); ++k) settle(k, By::inputs_by_right);
    double top = 0;
    for (const Spot& s : spots_) top = std::min(top, s.y);
    for (Spot& s : spots_) s.y -= top;
  }

  enum class By { left, right, inputs_by_right };

  /// The heights nearest to the wanted ones, by least squares, that keep order and distances:
  /// neighbours that are too close become one block (pool adjacent violators).
  void settle(std::size_t k, By by) {
    const std::vector<int>& column = columns_[k];
    struct Block {
      double wanted;  // mean of the wanted heights, less the offsets within the block
      double weight;
      int count;
    };
    std::vector<Block> blocks;
    double offset = 0;
    for (std::size_t i = 0; i < column.size(); ++i) {
      const Spot& s = spots_[at(column[i])];
      if (i > 0) offset += gap(column[i - 1], column[i]);
      const bool fixed = by == By::inputs_by_right && !s.left.empty();
      const double wanted = fixed ? s.y : mean(by == By::left ? s.left : s.right, s.y);
      blocks.push_back({wanted - offset, fixed ? 1e6 : 1, 1});
      while (blocks.size() > 1 && blocks[blocks.size() - 2].wanted > blocks.back().wanted) {
        const Block last = blocks.back();
        blocks.pop_back();
        Block& b = blocks.back();
        const double weight = b.weight + last.weight;
        b.wanted = (b.wanted * b.weight + last.wanted * last.weight) / weight;
        b.weight = weight, b.count += last.count;
      }
    }
    offset = 0;
    std::size_t i = 0;
    for (const Block& b : blocks)
      for (int j = 0; j < b.count; ++j, ++i) {
        if (i > 0) offset += gap(column[i - 1], column[i]);
        spots_[at(column[i])].y = b.wanted + offset;
      }
  }

  double row_gap_, line_gap_;
  std::vector<Spot> spots_;
  std::vector<std::vector<int>> columns_, paths_;
};

}  // namespace

Layout layered(int nodes, const std::vector<std::pair<int, int>>& edges,
               const std::vector<double>& room, double row_gap, double line_gap) {
  const Layering layering(nodes, edges, row_gap, line_gap);
  const std::vector<Spot>& spots = layering.spots();
  std::vector<double> x(at(layering.columns()), 0.0), width(x.size(), 0.0);
  for (std::size_t e = 0; e < edges.size(); ++e) {
    double& w = width[at(spots[at(edges[e].first)].column)];
    w = std::max(w, room[e]);
  }
  for (std::size_t c = 1; c < x.size(); ++c) x[c] = x[c - 1] + width[c - 1];

  Layout layout;
  layout.columns = layering.columns();
  for (int i = 0; i < nodes; ++i) {
    layout.column.push_back(spots[at(i)].column);
    layout.at.emplace_back(x[at(spots[at(i)].column)], spots[at(i)].y);
  }
  for (const std::vector<int>& path : layering.paths()) {
    auto& points = layout.edges.emplace_back();
    for (const int i : path) points.emplace_back(x[at(spots[at(i)].column)], spots[at(i)].y);
  }
  for (const Spot& s : spots) layout.height = std::max(layout.height, s.y);
  layout.width = x.empty() ? 0 : x.back();
  return layout;
}

}  // namespace chainrule::detail
