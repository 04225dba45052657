#include "cli/interrupt.h"

#include <csignal>

namespace chainrule::cli {
namespace {

std::atomic<bool> marked{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");

extern "C" void set_mark(int) { marked = true; }

void handle(void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

// SA_RESETHAND restores the default after the first signal; SA_RESTART keeps a write that the
// signal meets from failing.
InterruptGuard::InterruptGuard() {
  marked = false;
  handle(set_mark, static_cast<int>(SA_RESETHAND | SA_RESTART));
}

InterruptGuard::~InterruptGuard() { handle(SIG_DFL, 0); }

const std::atomic<bool>& InterruptGuard::mark() { return marked; }

void let_large_writes_fail() { std::signal(SIGXFSZ, SIG_IGN); }

}  // namespace chainrule::cli
