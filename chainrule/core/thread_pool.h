// A pool of threads for loops whose iterations write to different places.
#pragma once

#include <algorithm>
#include <memory>

#include "chainrule/core/shape.h"

namespace chainrule {

namespace detail {
class Workers;
/// Is this thread inside a loop of a pool?
extern constinit thread_local bool inside_loop;
}  // namespace detail

/// Runs loops on several threads. What a loop computes must not depend on which thread runs which
/// part: split the *output*, and sum in pieces of fixed size. One loop runs at a time; a loop
/// started inside a loop runs on the calling thread. Not for use by two callers at once.
class ThreadPool {
 public:
  /// `threads` includes the calling thread; 0 means available(). Fewer if the system starts no
  /// more; always one if the library was built without threads.
  explicit ThreadPool(int threads = 1);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }

  /// Processors that this process may use: the smallest of the hardware, the scheduling affinity
  /// and the container's CPU quota (cgroup v1 and v2), at least 1.
  static int available();

  /// Calls `f(task)` once for each task in [0, tasks), returns when all are done. Rethrows the
  /// first exception of a task.
  template <class F>
  void run(Index tasks, F&& f) {
    if (tasks <= 1 || threads_ == 1 || serial_ || detail::inside_loop) {
      for (Index i = 0; i < tasks; ++i) f(i);
      return;
    }
    run_tasks(
        tasks, [](void* context, Index i) { (*static_cast<F*>(context))(i); }, &f);
  }

  /// Splits [0, n) into ranges of about equal length, at least `grain` long, and calls
  /// `f(begin, end)` for each.
  template <class F>
  void split(Index n, Index grain, F&& f) {
    if (fine_) grain = 1;
    if (n <= grain || threads_ == 1 || serial_) {
      if (n > 0) f(Index{0}, n);
      return;
    }
    const Index pieces = std::min<Index>(threads(), (n + grain - 1) / grain);
    run(pieces, [&](Index i) { f(i * n / pieces, (i + 1) * n / pieces); });
  }

  /// Lets the calling thread do everything itself, until told otherwise.
  void set_serial(bool serial) { serial_ = serial; }

  /// Makes split() ignore its grain, so that a test with few elements uses every thread.
  void set_fine(bool fine) { fine_ = fine; }

 private:
  void run_tasks(Index tasks, void (*task)(void*, Index), void* context);

  std::unique_ptr<detail::Workers> workers_;  ///< none: the calling thread does everything
  int threads_ = 1;
  bool fine_ = false, serial_ = false;
};

}  // namespace chainrule
