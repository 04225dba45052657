// Who takes part in a job of MPI. Only the sources of this folder include it, since it needs mpi.h.
#pragma once

#include <array>
#include <cstdint>
#include <mpi.h>
#include <string>
#include <vector>

#include "chainrule/core/error.h"

namespace chainrule::dist {

/// The ranks of a job, where they run, and which of them share memory: these are a node, and the
/// first of a node leads it.
class Job {
 public:
  /// Initialises MPI; all ranks learn who the others are.
  Job();
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  MPI_Comm all = MPI_COMM_NULL;
  MPI_Comm near = MPI_COMM_NULL;     ///< the ranks of this node
  MPI_Comm leaders = MPI_COMM_NULL;  ///< null for a rank that leads none
  int rank = 0, size = 1;
  std::vector<int> node;          ///< numbers of the ranks of this node, rising
  std::vector<int> leader_ranks;  ///< of all nodes, rising

  int place() const;  ///< of this rank in its node
  std::int64_t process(int r) const { return address(r).process; }
  bool same_machine(int r) const;
  /// "rank 2 of 4 (process 1234 on host)"
  std::string name(int r) const;

  /// Tells the others that this rank ends the job, so that its own end is no news to them.
  void speak() const;
  /// Has another said so? Listens for a tenth of a second.
  bool another_spoke() const;

  static constexpr int kTags = 1 << 14;  ///< tags of sums are below; every MPI has twice as many

 private:
  struct Address {
    std::int64_t process;
    std::array<char, 64> host;
  };
  const Address& address(int r) const { return addresses_[static_cast<std::size_t>(r)]; }
  void find_nodes();

  std::vector<Address> addresses_;
};

/// Throws the error that a call of MPI reports.
void check_mpi(int code);

}  // namespace chainrule::dist
