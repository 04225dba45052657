// What the environment tells of the job that a process was started for, without a call of MPI.
#pragma once

namespace chainrule::dist {

/// Was this process started by mpirun, or another launcher of MPI?
bool launched();
/// As the environment tells; 0 and 1 when it does not.
int launched_rank();
int launched_size();

/// CHAINRULE_RANKS_PER_NODE: at most so many ranks share memory, the others exchange messages even
/// on the same machine; 0 when it is not set. 1 turns shared memory off.
int ranks_per_node();

}  // namespace chainrule::dist
