#include "chainrule/dist/mpi_exchange.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mpi.h>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "chainrule/dist/idle.h"
#include "chainrule/dist/job-inl.h"
#include "chainrule/dist/node_memory-inl.h"
#include "chainrule/dist/node_sums.h"
#include "chainrule/dist/shared_memory.h"
#include "chainrule/dist/watch.h"
#include "chainrule/dist/wire.h"

namespace chainrule::dist {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// MPI_Init has no limit of time, and waits for ever for a process that never calls it. While this
/// lives, the time runs.
class Deadline {
 public:
  explicit Deadline(const MpiOptions& options) {
    try {
      thread_ = std::jthread([this, options](const std::stop_token& stop) { wait(options, stop); });
    } catch (const std::system_error&) {  // no thread is to be had: then there is no limit
    }
  }

 private:
  void wait(const MpiOptions& options, const std::stop_token& stop) {
    // Rank 0 speaks first, so that the sentence is said once.
    const double seconds = options.timeout + std::min(0.25 * launched_rank(), 2.0);
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, stop, std::chrono::duration<double>(seconds), [] { return false; });
    if (stop.stop_requested()) return;
    const std::string sentence =
        cat("rank ", launched_rank(), " of ", launched_size(), " waited ", options.timeout,
            " seconds for the others to begin, and at least one has not");
    if (options.on_lost) options.on_lost(sentence);
    std::fputs((sentence + "\n").c_str(), stderr);
    end_job(1);
  }

  std::mutex mutex_;
  std::condition_variable_any woken_;
  std::jthread thread_;
};

/// Through memory in a node, by messages between nodes.
class MpiExchange final : public Exchange {
 public:
  explicit MpiExchange(const MpiOptions& options) : watch_(job_, options) {
    const bool several_nodes = job_.leader_ranks.size() > 1;
    // When some node has several ranks, one that is alone sends the same chunks as those.
    if (std::ssize(job_.leader_ranks) < job_.size) memory_.emplace(job_.near);
    wire_.emplace(job_, watch_);
    if (memory_) node_.emplace(memory_->shares(), job_.place(), several_nodes, &*wire_);
  }

  ~MpiExchange() override {
    wire_.reset();
    if (watch_.lost()) end_job(1);
    memory_.reset();
    MPI_Finalize();
  }

  int rank() const override { return job_.rank; }
  int size() const override { return job_.size; }
  void start_sum(std::span<float> values) override { begin(values); }
  void start_sum(std::span<double> values) override { begin(values); }

  bool wait() override {
    const Clock::time_point start = Clock::now();
    if (node_)
      advance_until([&] { return node_->idle(); });
    else
      wire_->wait();
    const bool finite = node_ ? node_->finite() : wire_->finite();
    waited_ += seconds_since(start);
    return finite;
  }

  std::shared_ptr<std::byte> memory(Index bytes) override {
    if (!node_ || bytes == 0) return nullptr;
    const std::shared_ptr<SharedMemory> memory = SharedMemory::make(job_, bytes, *this);
    if (!memory) return nullptr;
    node_->add_memory(memory);
    return {memory, memory->of(job_.place())};
  }

  double seconds_waited() const override { return waited_; }
  std::int64_t bytes_sent() const override {
    return wire_->bytes_sent() + (node_ ? node_->bytes_sent() : 0);
  }

 private:
  template <class T>
  void begin(std::span<T> values) {
    const Clock::time_point start = Clock::now();
    if (node_) {
      advance_until([&] { return node_->has_room(); });
      node_->begin(values);
      node_->advance();
    } else {
      wire_->start_sum(values);
    }
    waited_ += seconds_since(start);
  }

  template <class F>
  void advance_until(F reached) {
    Idle idle(job_.node.size());
    Clock::time_point heard = Clock::now();
    while (!reached()) {
      if (node_->advance()) {
        heard = Clock::now();
        idle.restart();
        continue;
      }
      if (watch_.lost()) watch_.throw_loss();
      if (idle.rest() && seconds_since(heard) > watch_.patience())
        if (const int r = node_->missing(); r >= 0)
          watch_.accuse(job_.node[static_cast<std::size_t>(r)]);
    }
  }

  Job job_;
  Watch watch_;
  std::optional<NodeMemory> memory_;
  std::optional<Wire> wire_;
  std::optional<NodeSums> node_;  // none when every rank is alone on its node
  double waited_ = 0;
};

}  // namespace

std::unique_ptr<Exchange> join(const MpiOptions& options) {
  const Deadline deadline(options);
  return std::make_unique<MpiExchange>(options);
}

void end_job(int exit_code) {
  int begun = 0;
  MPI_Initialized(&begun);
  if (begun != 0) MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

}  // namespace chainrule::dist
