#include "cli/ranks.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include "chainrule/core/thread_pool.h"
#include "cli/args.h"
#include "cli/format.h"
#include "cli/terminal.h"

#ifdef CHAINRULE_HAVE_MPI
#include "chainrule/dist/mpi_exchange.h"
#endif

namespace chainrule::cli {
namespace {

std::unique_ptr<Exchange>& joined() {
  static std::unique_ptr<Exchange> ranks;
  return ranks;
}

}  // namespace

#ifdef CHAINRULE_HAVE_MPI

int rank_number() { return dist::launched_rank(); }

Exchange* join_ranks(double timeout, std::function<std::string()> after_loss) {
  if (!dist::launched() || dist::launched_size() == 1) return nullptr;
  if (!(timeout > 0)) throw UsageError(cat("--rank-timeout must be above 0, not ", timeout));
  const auto lost = [after_loss](const std::string& sentence) {
    const Terminal err(stderr, true);
    const std::string more = after_loss ? after_loss() : std::string();
    err.line(err.bad("chainrule:") + " " + sentence + "; the job ends" +
             (more.empty() ? "" : "; " + more));
    std::fflush(stderr);
    dist::end_job(kRankLost);
  };
  joined() = dist::join({.timeout = timeout, .on_lost = lost});
  return joined().get();
}

void fail_ranks(const std::function<void(const std::string&)>& report, int exit_code) {
  if (joined() == nullptr) return;
  const int rank = joined()->rank();
  if (rank > 0) {
    // Mostly all ranks meet the same error; rank 0 then ends the job before this.
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    report(cat("rank ", rank, ": "));
  } else {
    report("");
  }
  std::fflush(stderr);
  dist::end_job(exit_code);
}

#else

int rank_number() { return 0; }

Exchange* join_ranks(double, std::function<std::string()>) {
  const char* size = std::getenv("OMPI_COMM_WORLD_SIZE");
  if (size == nullptr) size = std::getenv("PMI_SIZE");
  if (size == nullptr || std::atoi(size) <= 1) return nullptr;
  throw UsageError("this chainrule was built without MPI, so mpirun can start it once only");
}

void fail_ranks(const std::function<void(const std::string&)>&, int) {}

#endif

Exchange* joined_ranks() { return joined().get(); }

void leave_ranks() { joined().reset(); }

int threads_of_rank(int asked) {
  const char* near = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  if (asked > 0 || joined() == nullptr || near == nullptr) return asked;
  // Where mpirun binds a rank to processors of its own it has these alone.
  const int available = ThreadPool::available();
  if (available < static_cast<int>(std::thread::hardware_concurrency())) return available;
  return std::max(1, available / std::max(1, std::atoi(near)));
}

WaitWatch::Now WaitWatch::now() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  const Exchange* e = joined_ranks();
  return {std::chrono::duration<double>(time).count(), e == nullptr ? 0 : e->seconds_waited(),
          e == nullptr ? 0 : static_cast<double>(e->bytes_sent())};
}

void WaitWatch::on_start(const RunInfo&) { begin_ = now(); }

void WaitWatch::on_step(const StepInfo&) {
  const Now end = now();
  seconds_ += end.time - begin_.time;
  waited_ += end.waited - begin_.waited;
  bytes_ += end.bytes - begin_.bytes;
  ++steps_;
}

void WaitWatch::on_state(const StateInfo&) { begin_ = now(); }

std::string WaitWatch::text() const {
  const Exchange* e = joined_ranks();
  return cat(e == nullptr ? 1 : e->size(), "   ", fixed(milliseconds_per_step(), 2),
             " ms per step, ", fixed(waiting_per_step(), 2), " ms of it waiting for others, ",
             grouped(static_cast<std::int64_t>(bytes_per_step() / 1000)), " KB sent");
}

}  // namespace chainrule::cli
