// Signals that ask for an end, and the state in which the program was started.
#pragma once

#include <atomic>

namespace chainrule::cli {

/// While it lives, the first of SIGINT, SIGTERM and SIGHUP only sets a mark, and any second one
/// ends the program as such a signal does. A SIGHUP that was ignored (nohup) stays so. One at a
/// time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// True after a signal.
  static const std::atomic<bool>& mark();
};

/// Standard streams that were closed when the program began get a place where reading and writing
/// fails.
void replace_closed_streams();

/// From now on writing to a pipe that nobody reads any more fails, instead of ending the program: a
/// run is worth more than its table.
void let_broken_pipes_fail();

/// From now on a write beyond the shell's limit of a file's size (ulimit -f) fails like one to a
/// full disk, instead of ending the program.
void let_large_writes_fail();

}  // namespace chainrule::cli
