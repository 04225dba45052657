// Memory that the ranks of a node share. Only the sources of this folder include it.
#pragma once

#include <mpi.h>
#include <vector>

#include "chainrule/dist/node_sums.h"

namespace chainrule::dist {

class NodeMemory {
 public:
  /// For the ranks of `near`, all of which make one.
  explicit NodeMemory(MPI_Comm near);
  ~NodeMemory();  ///< waits for the others
  NodeMemory(const NodeMemory&) = delete;
  NodeMemory& operator=(const NodeMemory&) = delete;

  const std::vector<NodeShare>& shares() const { return shares_; }

 private:
  MPI_Win window_ = MPI_WIN_NULL;
  std::vector<NodeShare> shares_;
};

}  // namespace chainrule::dist
