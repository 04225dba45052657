// Ranks that MPI started.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "chainrule/core/exchange.h"
#include "chainrule/dist/launch.h"

namespace chainrule::dist {

struct MpiOptions {
  /// A rank that does not answer for so many seconds is given up.
  double timeout = 60;
  /// Called at most once, by another thread, with a sentence that names the rank that was lost;
  /// usually it ends the job. Without it wait() throws the sentence.
  std::function<void(const std::string&)> on_lost = {};
};

/// Initialises MPI, once in a process. The destructor waits for all ranks and ends MPI.
std::unique_ptr<Exchange> join(const MpiOptions& options = {});

/// Ends every rank of the job at once.
[[noreturn]] void end_job(int exit_code);

}  // namespace chainrule::dist
