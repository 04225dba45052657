// A user's arrays, matched with the nodes whose gradients they are.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "chainrule/data/npz.h"
#include "chainrule/graph/graph.h"

namespace chainrule::detail {

struct GivenArray {
  std::string name;
  int node = -1;
  std::vector<double> values;  ///< as in memory; empty when the size is wrong
  std::string kind, note;      ///< what is wrong with shape, layout or numbers; "" if nothing
  bool usable() const { return !values.empty(); }
};

struct GivenArrays {
  std::vector<GivenArray> gradients;         ///< from the loss to the inputs
  std::map<int, std::vector<double>> masks;  ///< by dropout node, scaled as forward uses them
};

/// `input` is the node whose gradient by the rows themselves may be among them. Throws DataError
/// for unknown names and sizes that fit nothing.
GivenArrays read_given(const Graph& graph, int input, int loss, Index rows,
                       std::span<const data::NpzArray> arrays);

}  // namespace chainrule::detail
