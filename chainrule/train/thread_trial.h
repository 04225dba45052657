// How many threads a training step is worth: measured, since it depends on the machine.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "chainrule/core/thread_pool.h"

namespace chainrule {

/// Small steps are faster on one thread where processors share no cache, or are busy with other
/// programs. Every few thousand steps this lets some run with all threads and some with one, and
/// keeps to the faster. Results do not depend on it.
class ThreadTrial {
 public:
  explicit ThreadTrial(ThreadPool& pool) : pool_(&pool), wait_(kFirst) {}

  /// Before each step: sets the pool to one thread or to all.
  void start_step() {
    if (wait_ > 0)
      --wait_;
    else if (pool_->threads() > 1)
      trial_step();
    pool_->set_serial(serial_);
  }
  /// After a step, for work of another size.
  void end_step() { pool_->set_serial(false); }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::int64_t kFirst = 4, kBetween = 4096;
  static constexpr int kBlock = 4,
                       kBlocks = 4;  // all, one, all, one; a block's first is not counted
  static constexpr int kCounted = (kBlock - 1) * kBlocks / 2;

  void trial_step();

  ThreadPool* pool_;
  std::int64_t wait_;
  bool serial_ = false;
  int done_ = 0;  ///< steps of the running trial
  Clock::time_point begin_;
  std::array<std::array<Clock::duration, kCounted>, 2> times_ = {};
};

}  // namespace chainrule
