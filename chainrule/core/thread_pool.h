// A pool of threads for loops whose iterations write to different places.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

#include "chainrule/core/shape.h"

namespace chainrule {

/// Runs loops on several threads. What a loop computes must not depend on which thread runs which
/// part: split the *output*, and sum in pieces of fixed size. One loop runs at a time; a loop
/// started inside a loop runs on the calling thread. Not for use by two callers at once.
class ThreadPool {
 public:
  /// `threads` includes the calling thread; 0 means available(). Fewer if the system starts no
  /// more.
  explicit ThreadPool(int threads = 1);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Processors that this process may use: the smallest of the hardware, the scheduling affinity
  /// and the container's CPU quota (cgroup v1 and v2), at least 1.
  static int available();

  /// Calls `f(task)` once for each task in [0, tasks), returns when all are done. Rethrows the
  /// first exception of a task.
  template <class F>
  void run(Index tasks, F&& f) {
    if (tasks <= 1 || workers_.empty() || serial_ || inside_) {
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
    if (n <= grain || workers_.empty() || serial_) {
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
  using Task = void (*)(void*, Index);
  void run_tasks(Index tasks, Task task, void* context);
  void work(int thread);
  void worker_loop(int thread);

  std::vector<std::jthread> workers_;
  int spins_ = 0;
  bool fine_ = false, serial_ = false;
  static thread_local bool inside_;

  // Each thread owns a range of a job's tasks, so that the same piece of a loop, and the memory
  // that it touches, meets the same processor again; who is done helps the others. Whoever lowers
  // `left` from r to r-1 owns task end - r. A new job starts only after done_ has reached count_,
  // so nothing else of a job changes while a claimed task is running.
  struct alignas(64) Range {
    std::atomic<std::uint32_t> left{0};
    std::uint32_t end = 0;
  };
  std::vector<Range> ranges_;
  Task task_ = nullptr;
  void* context_ = nullptr;
  std::uint32_t count_ = 0;
  std::exception_ptr error_;
  std::atomic<bool> failed_{false};
  alignas(64) std::atomic<std::uint32_t> job_{0};  ///< grows with each job
  alignas(64) std::atomic<std::uint32_t> done_{0};
  std::atomic<bool> stop_{false};
};

}  // namespace chainrule
