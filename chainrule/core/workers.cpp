#include "chainrule/core/workers.h"

#include "chainrule/core/thread_pool.h"

#ifdef CHAINRULE_ONE_THREAD

namespace chainrule::detail {

Workers::Workers(int, int) {}
Workers::~Workers() = default;
int Workers::threads() const { return 1; }
void Workers::run(Index tasks, Task task, void* context) {
  for (Index i = 0; i < tasks; ++i) task(context, i);
}

}  // namespace chainrule::detail

#else

#include <algorithm>
#include <memory>
#include <new>
#include <system_error>
#include <utility>

#include "chainrule/core/error.h"
#include "chainrule/core/pause.h"
#include "chainrule/core/scratch.h"

namespace chainrule::detail {
namespace {

enum class Start { waiting, working, failed };

/// Reserves what a thread needs for its kernels; false when there is no memory for it.
bool has_scratch() {
  try {
    reserve_scratch();
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

}  // namespace

Workers::Workers(int threads, int spins)
    : spins_(spins), ranges_(static_cast<std::size_t>(threads)) {
  workers_.reserve(static_cast<std::size_t>(threads - 1));
  const auto start = std::make_shared<std::atomic<Start> >();
  for (int i = 1; i < threads; ++i) {
    *start = Start::waiting;
    try {
      workers_.emplace_back([this, i, start] {
        const bool ready = has_scratch();
        *start = ready ? Start::working : Start::failed;
        start->notify_one();
        if (ready) worker_loop(i);
      });
    } catch (const std::system_error&) {  // the limit of processes or of memory
      break;
    } catch (const std::bad_alloc&) {
      break;
    }
    start->wait(Start::waiting);
    if (*start == Start::working) continue;
    workers_.back().join();
    workers_.pop_back();
    break;
  }
}

Workers::~Workers() {
  stop_ = true;
  ++job_;
  job_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

int Workers::threads() const { return static_cast<int>(workers_.size()) + 1; }

void Workers::work(int thread) {
  for (std::size_t i = 0, at = static_cast<std::size_t>(thread); i < ranges_.size(); ++i) {
    Range& range = ranges_[at];
    std::uint32_t r = range.left.load(std::memory_order_acquire);
    while (r != 0) {
      if (!range.left.compare_exchange_weak(r, r - 1, std::memory_order_acq_rel)) continue;
      try {
        task_(context_, static_cast<Index>(range.end - r));
      } catch (...) {
        if (!failed_.exchange(true)) error_ = std::current_exception();
      }
      // Once all are done the next job may begin: nothing of this one is read after that.
      const std::uint32_t count = count_;
      if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == count) done_.notify_one();
      r = range.left.load(std::memory_order_acquire);
    }
    at = at + 1 < ranges_.size() ? at + 1 : 0;
  }
}

void Workers::worker_loop(int thread) {
  inside_loop = true;
  for (std::uint32_t seen = 0; !stop_.load(std::memory_order_relaxed);) {
    int spins = spins_;
    std::uint32_t job;
    while ((job = job_.load(std::memory_order_acquire)) == seen && spins > 0) --spins, pause();
    if (job == seen) {
      job_.wait(seen, std::memory_order_acquire);
      continue;
    }
    seen = job;
    work(thread);
  }
}

void Workers::run(Index tasks, Task task, void* context) {
  if (tasks >= Index{1} << 31) throw Error(cat("a loop has ", tasks, " tasks, the limit is 2^31"));
  task_ = task, context_ = context, count_ = static_cast<std::uint32_t>(tasks);
  failed_ = false;
  done_.store(0, std::memory_order_relaxed);
  const auto threads = static_cast<std::uint32_t>(ranges_.size());
  const std::uint32_t each = (count_ + threads - 1) / threads;
  std::uint32_t begin = 0;
  for (Range& range : ranges_) {
    range.end = std::min(count_, begin + each);
    range.left.store(range.end - begin, std::memory_order_release);
    begin = range.end;
  }
  job_.fetch_add(1, std::memory_order_release);
  job_.notify_all();
  inside_loop = true;
  work(0);
  inside_loop = false;
  int spins = spins_;
  for (std::uint32_t d; (d = done_.load(std::memory_order_acquire)) != count_;) {
    if (spins > 0)
      --spins, pause();
    else
      done_.wait(d, std::memory_order_acquire);
  }
  if (failed_) std::rethrow_exception(std::exchange(error_, nullptr));
}

}  // namespace chainrule::detail

#endif
