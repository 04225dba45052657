#include "chainrule/core/thread_pool.h"

#ifdef __linux__
#include <fstream>
#include <sched.h>
#include <string>
#endif
#ifndef CHAINRULE_ONE_THREAD
#include <thread>
#endif

#include "chainrule/core/error.h"
#include "chainrule/core/scratch.h"
#include "chainrule/core/workers.h"

namespace chainrule {
namespace {

#ifdef __linux__
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
#endif

/// Spins this often before a thread sleeps: about 50 microseconds, longer than the serial stretch
/// between two loops of a training step, short enough not to starve others.
constexpr int kSpins = 2000;

}  // namespace

constinit thread_local bool detail::inside_loop = false;

int ThreadPool::available() {
#ifdef CHAINRULE_ONE_THREAD
  return 1;
#else
  int n = static_cast<int>(std::thread::hardware_concurrency());
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) n = CPU_COUNT(&set);
  if (const int quota = cgroup_quota(); quota > 0) n = std::min(n, quota);
#endif
  return std::max(n, 1);
#endif
}

ThreadPool::ThreadPool(int threads) {
  constexpr int kMaxThreads = 1024;
  if (threads < 0 || threads > kMaxThreads)
    throw Error(cat("threads is ", threads, ", expected 0 (all) to ", kMaxThreads));
  const int processors = available();
  if (threads == 0) threads = processors;
  reserve_scratch();
  if (threads == 1) return;
  // With more threads than processors a spinning thread keeps a working one from running.
  workers_ = std::make_unique<detail::Workers>(threads, threads <= processors ? kSpins : 0);
  threads_ = workers_->threads();
}

ThreadPool::~ThreadPool() = default;

void ThreadPool::run_tasks(Index tasks, void (*task)(void*, Index), void* context) {
  workers_->run(tasks, task, context);
}

}  // namespace chainrule
