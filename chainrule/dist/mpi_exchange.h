// Ranks that MPI started.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "chainrule/core/exchange.h"

namespace chainrule::dist {

struct MpiOptions {
  /// A rank that does not answer for so many seconds is given up.
  double timeout = 60;
  /// Called at most once, by another thread, with a sentence that names the rank that was lost;
  /// usually it ends the job. Without it wait() throws the sentence.
  std::function<void(const std::string&)> on_lost = {};
};

/// Was this process started by mpirun, or another launcher of MPI? Told by the environment, without
/// a call of MPI.
bool launched();
/// As the environment tells; 0 and 1 when it does not.
int launched_rank();
int launched_size();

/// Initialises MPI, once in a process. The destructor waits for all ranks and ends MPI.
std::unique_ptr<Exchange> join(const MpiOptions& options = {});

/// Ends every rank of the job at once.
[[noreturn]] void end_job(int exit_code);

}  // namespace chainrule::dist
