// A recorded graph as JSON: operation, settings, inputs and name of each node.
#pragma once

#include <memory>
#include <string>

#include "chainrule/model/model.h"

namespace chainrule {

/// {"nodes": [...], "outputs": [...], "target": N, ...}: everything of the graph but the values of
/// its parameters. Throws Error naming a node whose operation has no name that is read again, or
/// a parameter whose initialiser has none.
std::string nodes_json(const Model& model);

/// The graph and what its nodes are for. Text that nobody vouches for: at most 100,000 nodes of at
/// most 2^28 elements a row. Throws DataError or Error with one sentence.
struct ReadNodes {
  std::unique_ptr<Graph> graph;
  ModelNodes nodes;
};
ReadNodes read_nodes(const std::string& json);

}  // namespace chainrule
