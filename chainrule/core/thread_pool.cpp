#include "chainrule/core/thread_pool.h"

#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>
#include <fstream>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include "chainrule/core/error.h"
#include "chainrule/core/pause.h"
#include "chainrule/core/scratch.h"

namespace chainrule {
namespace {

/// CPU quota of the container in whole processors, rounded up; 0 when there is none.
int cgroup_quota() {
  double quota = -1, period = -1;
  if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2) {
    std::string text;
    if (v2 >> text >> period && text != "max") quota = std::atof(text.c_str());
  } else {
    std::ifstream q("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
        p("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
    q >> quota, p >> period;
  }
  if (quota <= 0 || period <= 0) return 0;
  return static_cast<int>((quota + period - 1) / period);
}

/// Spins this often before a thread sleeps: about 50 microseconds, longer than the serial stretch
/// between two loops of a training step, short enough not to starve others.
constexpr int kSpins = 2000;

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

thread_local bool ThreadPool::inside_ = false;

int ThreadPool::available() {
  int n = static_cast<int>(std::thread::hardware_concurrency());
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) n = CPU_COUNT(&set);
#endif
  if (const int quota = cgroup_quota(); quota > 0) n = std::min(n, quota);
  return std::max(n, 1);
}

ThreadPool::ThreadPool(int threads) {
  constexpr int kMaxThreads = 1024;
  if (threads < 0 || threads > kMaxThreads)
    throw Error(cat("threads is ", threads, ", expected 0 (all) to ", kMaxThreads));
  const int processors = available();
  if (threads == 0) threads = processors;
  // With more threads than processors a spinning thread keeps a working one from running.
  spins_ = threads <= processors ? kSpins : 0;
  reserve_scratch();
  ranges_ = std::vector<Range>(static_cast<std::size_t>(threads));
  workers_.reserve(static_cast<std::size_t>(threads - 1));
  const auto start = std::make_shared<std::atomic<Start>>();
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
    workers_.pop_back();
    break;
  }
}

ThreadPool::~ThreadPool() {
  stop_ = true;
  ++job_;
  job_.notify_all();
  workers_.clear();
}

void ThreadPool::work(int thread) {
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

void ThreadPool::worker_loop(int thread) {
  inside_ = true;
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

void ThreadPool::run_tasks(Index tasks, Task task, void* context) {
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
  inside_ = true;
  work(0);
  inside_ = false;
  int spins = spins_;
  for (std::uint32_t d; (d = done_.load(std::memory_order_acquire)) != count_;) {
    if (spins > 0)
      --spins, pause();
    else
      done_.wait(d, std::memory_order_acquire);
  }
  if (failed_) std::rethrow_exception(std::exchange(error_, nullptr));
}

}  // namespace chainrule
