#include "cli/interrupt.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace chainrule::cli {
namespace {

std::atomic<bool> marked{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");

constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};
std::array<struct sigaction, kSignals.size()> before;

// Whatever the program waits for, a second signal of any kind ends it.
extern "C" void set_mark(int signal) {
  if (marked.exchange(true)) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

}  // namespace

// SA_RESTART keeps a write that the signal meets from failing; SA_NODEFER lets raise() end at once.
InterruptGuard::InterruptGuard() {
  marked = false;
  struct sigaction action {};
  action.sa_handler = set_mark;
  action.sa_flags = SA_RESTART | SA_NODEFER;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], nullptr, &before[i]);
    // nohup lets a program run on when its terminal is gone.
    if (kSignals[i] == SIGHUP && before[i].sa_handler == SIG_IGN) continue;
    sigaction(kSignals[i], &action, nullptr);
  }
}

InterruptGuard::~InterruptGuard() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before[i], nullptr);
}

const std::atomic<bool>& InterruptGuard::mark() { return marked; }

void replace_closed_streams() {
  // A file that the program opens must not become its standard output. The replacements fail for
  // those who use them: nothing can be read from a stream for writing, and the other way round.
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    const int made = open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
    if (made >= 0 && made != fd) {
      dup2(made, fd);
      close(made);
    }
  }
}

void let_broken_pipes_fail() { std::signal(SIGPIPE, SIG_IGN); }

void let_large_writes_fail() { std::signal(SIGXFSZ, SIG_IGN); }

}  // namespace chainrule::cli
