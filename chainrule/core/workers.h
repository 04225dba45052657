// The threads of a pool beside the calling one, and how they share a loop. For ThreadPool alone.
#pragma once

#ifndef CHAINRULE_ONE_THREAD
#include <atomic>
#include <cstdint>
#include <exception>
#include <thread>
#include <vector>
#endif

#include "chainrule/core/shape.h"

namespace chainrule::detail {

/// Built with CHAINRULE_ONE_THREAD there are none: for systems without threads.
class Workers {
 public:
  using Task = void (*)(void*, Index);

  /// `threads` includes the calling thread. Fewer if the system starts no more. Each spins `spins`
  /// times before it sleeps.
  Workers(int threads, int spins);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  int threads() const;
  /// See ThreadPool::run().
  void run(Index tasks, Task task, void* context);

#ifndef CHAINRULE_ONE_THREAD
 private:
  void work(int thread);
  void worker_loop(int thread);

  std::vector<std::thread> workers_;
  int spins_;

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
#endif
};

}  // namespace chainrule::detail
