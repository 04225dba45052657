// Sums over nodes by messages, which go on while the caller computes.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace chainrule::dist {

class Job;
class MessageSum;
class Watch;

/// The thread that alone calls MPI once the job runs, since most MPIs make no progress while a
/// program computes. It sleeps between looks, so that it takes little of a busy processor, and
/// keeps the watch, too. Sums are over the leaders of the nodes; a rank that leads none starts
/// none.
class Wire {
 public:
  Wire(const Job& job, Watch& watch);
  ~Wire();  ///< after the sums that were begun

  static constexpr std::int64_t kInFlight = 16;
  /// Waits while more than kInFlight sums are under way.
  void start_sum(std::span<float> values) { begin(values); }
  void start_sum(std::span<double> values) { begin(values); }
  /// How many sums are over; they end in the order in which they were begun.
  std::int64_t done() const { return done_; }
  /// Until all are. Throws RankError.
  void wait();
  /// Were all sums that are over finite since this was last asked?
  bool finite() { return finite_.exchange(true); }
  std::int64_t bytes_sent() const { return bytes_; }

 private:
  template <class T>
  void begin(std::span<T> values);
  void work();
  bool next_work();
  void carry_on();
  double patience() const;
  bool start_new();
  bool advance_all();
  void report_finished();
  void accuse_missing();

  const Job& job_;
  Watch& watch_;
  // Sum number n uses place n % kInFlight of each.
  std::vector<std::unique_ptr<MessageSum>> sums_;
  std::array<bool, kInFlight> ready_ = {};
  std::int64_t started_ = 0;  // the thread's

  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<std::int64_t> begun_ = 0, done_ = 0, bytes_ = 0;
  std::atomic<bool> finite_ = true;
  bool closing_ = false;
  std::jthread thread_;
};

}  // namespace chainrule::dist
