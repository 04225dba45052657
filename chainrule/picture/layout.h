// Places for the nodes of a graph, drawn from left to right.
#pragma once

#include <utility>
#include <vector>

namespace chainrule::detail {

struct Layout {
  std::vector<int> column;                    ///< of each node, from 0
  std::vector<std::pair<double, double>> at;  ///< middle of each node
  /// Of each edge: the points it passes, both ends included.
  std::vector<std::vector<std::pair<double, double>>> edges;
  double width = 0, height = 0;
  int columns = 0;
};

/// A layered drawing (Sugiyama, Tagawa, Toda 1981): columns by the longest path, order within a
/// column by the means of neighbours, heights by least squares with a least distance. Nodes are
/// numbered so that edges {from, to} go upwards in number. `room[e]` is the least width between
/// the column that edge e leaves and the next; `row_gap` is the least distance of two nodes above
/// each other, `line_gap` that of a line that passes.
Layout layered(int nodes, const std::vector<std::pair<int, int>>& edges,
               const std::vector<double>& room, double row_gap, double line_gap);

}  // namespace chainrule::detail
