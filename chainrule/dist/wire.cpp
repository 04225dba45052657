#include "chainrule/dist/wire.h"

#include <chrono>
#include <limits>
#include <sys/prctl.h>

#include "chainrule/dist/job-inl.h"
#include "chainrule/dist/message_sum-inl.h"
#include "chainrule/dist/watch.h"

namespace chainrule::dist {
namespace {

using Clock = std::chrono::steady_clock;

std::size_t slot_of(std::int64_t sum) { return static_cast<std::size_t>(sum % Wire::kInFlight); }

}  // namespace

Wire::Wire(const Job& job, Watch& watch) : job_(job), watch_(watch) {
  if (job.leaders != MPI_COMM_NULL)
    for (int i = 0; i < kInFlight; ++i) sums_.push_back(std::make_unique<MessageSum>(job.leaders));
  thread_ = std::jthread([this] { work(); });
}

Wire::~Wire() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
}

template <class T>
void Wire::begin(std::span<T> values) {
  if (values.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw Error("too many values for one sum");
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return begun_ - done_ < kInFlight || watch_.lost(); });
    if (watch_.lost()) watch_.throw_loss();
    sums_[slot_of(begun_)]->prepare(values, static_cast<int>(begun_ % Job::kTags));
    ++begun_;
  }
  changed_.notify_all();
}

template void Wire::begin(std::span<float>);
template void Wire::begin(std::span<double>);

void Wire::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return done_ == begun_ || watch_.lost(); });
  if (watch_.lost()) watch_.throw_loss();
}

void Wire::work() {
  prctl(PR_SET_TIMERSLACK, 1000UL);
  try {
    while (next_work()) carry_on();
  } catch (const RankError& e) {
    watch_.lose(e.what());
  }
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

/// Sleeps while there is nothing to do; false at the end.
bool Wire::next_work() {
  while (!watch_.look()) {
    std::unique_lock lock(mutex_);
    if (done_ != begun_) return true;
    if (closing_) return false;
    changed_.wait_for(lock, std::chrono::milliseconds(20));
  }
  return false;
}

/// Until every sum that was begun is there, or the job is lost.
void Wire::carry_on() {
  Clock::time_point heard = Clock::now(), looked = heard;
  for (int idle = 0; done_ != begun_;) {
    const bool started = start_new(), moved = advance_all() || started;
    report_finished();
    const Clock::time_point now = Clock::now();
    if (moved) heard = now, idle = 0;
    if (now - looked > std::chrono::milliseconds(1)) {
      looked = now;
      if (watch_.look()) return;
      if (std::chrono::duration<double>(now - heard).count() > patience()) accuse_missing();
    }
    if (!moved) std::this_thread::sleep_for(std::chrono::microseconds(++idle < 50 ? 10 : 50));
  }
}

/// Where a node has several ranks, one of them that hangs is known there first, and by its name.
double Wire::patience() const {
  const bool alone = std::ssize(job_.leader_ranks) == job_.size;
  return watch_.patience() + (alone ? 0 : 3);
}

bool Wire::start_new() {
  const std::int64_t begun = begun_;
  if (started_ == begun) return false;
  for (; started_ < begun; ++started_) sums_[slot_of(started_)]->start();
  return true;
}

/// A later sum may be there before an earlier one; they are reported in order.
bool Wire::advance_all() {
  bool moved = false;
  for (std::int64_t s = done_; s < started_; ++s) {
    bool& ready = ready_[slot_of(s)];
    MessageSum& sum = *sums_[slot_of(s)];
    const bool gathering = sum.gathering();
    if (!ready) ready = sum.advance(), moved |= ready || gathering != sum.gathering();
  }
  return moved;
}

void Wire::report_finished() {
  std::int64_t done = done_;
  for (; done < started_ && ready_[slot_of(done)]; ++done) {
    bytes_ += sums_[slot_of(done)]->bytes();
    if (!sums_[slot_of(done)]->finite()) finite_ = false;
    ready_[slot_of(done)] = false;
  }
  if (done == done_) return;
  const std::lock_guard lock(mutex_);
  done_ = done;
  changed_.notify_all();
}

/// Ranks that are well have begun the newest sum, too, so whose term is missing there hangs; that
/// an older one is not over may be because somebody else waits.
void Wire::accuse_missing() {
  for (const bool gathering : {true, false})
    for (std::int64_t s = started_ - 1; s >= done_; --s) {
      MessageSum& sum = *sums_[slot_of(s)];
      const int missing = sum.gathering() == gathering ? sum.missing() : -1;
      if (missing < 0) continue;
      watch_.accuse(job_.leader_ranks[static_cast<std::size_t>(missing)]);
      return;
    }
}

}  // namespace chainrule::dist
