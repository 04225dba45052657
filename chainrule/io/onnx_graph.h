// An ONNX graph, node by node, as a recorded graph.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chainrule/graph/graph.h"
#include "chainrule/io/onnx_format.h"

namespace chainrule::onnx {

/// What a file's operators become here: one operation each, by the registry where it names the
/// operator, or a few.
struct ReadGraph {
  std::unique_ptr<Graph> graph;
  std::vector<Var> outputs;
  std::map<int, std::vector<float>> values;  ///< of the parameters, by their number
};

/// The first axis of each input is the batch. Initializers become parameters, single numbers
/// constants. Throws DataError that names the first node that cannot be.
ReadGraph read_graph(const File& file, const std::string& name);

}  // namespace chainrule::onnx
