// Ctrl-C asks for an end; the second Ctrl-C ends at once.
#pragma once

#include <atomic>

namespace chainrule::cli {

/// While it lives, SIGINT and SIGTERM only set a mark. A second signal does what it always does.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// True after a signal.
  static const std::atomic<bool>& mark();
};

/// From now on a write beyond the shell's limit of a file's size (ulimit -f) fails like one to a
/// full disk, instead of ending the program.
void let_large_writes_fail();

}  // namespace chainrule::cli
