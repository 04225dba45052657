#include "chainrule/dist/mpi_exchange.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <initializer_list>
#include <limits>
#include <mpi.h>
#include <mutex>
#include <sys/prctl.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "chainrule/core/tensor.h"
#include "chainrule/dist/neighbours.h"

namespace chainrule::dist {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

const char* variable(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const char* value = std::getenv(name)) return value;
  return nullptr;
}

int number(const char* text, int otherwise) {
  if (text == nullptr) return otherwise;
  int value = otherwise;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

/// One sum over all ranks. Each owns a piece of the values: all send their terms of a piece to its
/// owner, who adds them in the order of the ranks and sends the sum back. These are two rounds of
/// messages, and 2 (P - 1) / P times the values leave each rank, the least that is possible. A few
/// values go from each rank to each other, which all add up alike: one round.
class Sum {
 public:
  Sum(MPI_Comm comm, int rank, int ranks)
      : comm_(comm),
        rank_(rank),
        ranks_(ranks),
        requests_(static_cast<std::size_t>(2 * ranks), MPI_REQUEST_NULL) {}

  /// `tag` is the same on every rank, and differs from those of the sums that are not over.
  template <class T>
  void prepare(std::span<T> values, int tag) {
    data_ = values.data();
    size_ = static_cast<Index>(values.size());
    type_ = std::is_same_v<T, float> ? MPI_FLOAT : MPI_DOUBLE;
    element_ = sizeof(T);
    tag_ = tag;
    small_ = size_ * static_cast<Index>(element_) <= kSmall || size_ < ranks_;
    gathering_ = true;
  }

  void start() {
    const Part mine = small_ ? Part{0, size_} : piece(rank_);
    if (terms_.size() < ranks_ * mine.count * static_cast<Index>(element_))
      terms_ = Buffer<std::byte>(ranks_ * mine.count * static_cast<Index>(element_));
    for (int r = 0; r < ranks_; ++r) {
      if (r == rank_) continue;
      receive(r, term(r, mine.count), mine.count);
      send(r, small_ ? mine : piece(r));
    }
  }

  /// Carries on with what has arrived; true when the sum is there.
  bool advance() {
    int arrived = 0;
    check(MPI_Testall(2 * ranks_, requests_.data(), &arrived, MPI_STATUSES_IGNORE));
    if (arrived == 0) return false;
    if (!gathering_) return true;
    gathering_ = false;
    const Part mine = small_ ? Part{0, size_} : piece(rank_);
    if (element_ == sizeof(float))
      add<float>(mine);
    else
      add<double>(mine);
    if (small_) return true;
    for (int r = 0; r < ranks_; ++r) {
      if (r == rank_) continue;
      const Part theirs = piece(r);
      receive(r, place(theirs.first), theirs.count);
      send(r, mine);
    }
    return false;
  }

  /// The first rank that has not sent, or not fetched, a message: in the first round it keeps all
  /// others waiting.
  int missing() {
    for (int i = 0; i < 2 * ranks_; ++i) {
      int over = 0;
      MPI_Test(&requests_[static_cast<std::size_t>(i)], &over, MPI_STATUS_IGNORE);
      if (over == 0) return i % ranks_;
    }
    return -1;
  }
  bool gathering() const { return gathering_; }

  /// Bytes that this rank sends.
  std::int64_t bytes() const {
    const std::int64_t all = size_ * static_cast<std::int64_t>(element_);
    if (small_) return all * (ranks_ - 1);
    const std::int64_t own = piece(rank_).count * static_cast<std::int64_t>(element_);
    return all - own + own * (ranks_ - 1);
  }

 private:
  /// Bytes; up to here a second round costs more than the bytes that it saves.
  static constexpr Index kSmall = 2048;

  Part piece(int rank) const {
    const Index first = rank * size_ / ranks_;
    return {first, (rank + 1) * size_ / ranks_ - first};
  }
  std::byte* place(Index first) const {
    return static_cast<std::byte*>(data_) + first * static_cast<Index>(element_);
  }
  std::byte* term(int rank, Index count) const {
    return terms_.data() + rank * count * static_cast<Index>(element_);
  }
  void receive(int from, std::byte* to, Index count) {
    check(MPI_Irecv(to, static_cast<int>(count), type_, from, tag_, comm_,
                    &requests_[static_cast<std::size_t>(from)]));
  }
  void send(int to, Part part) {
    check(MPI_Isend(place(part.first), static_cast<int>(part.count), type_, to, tag_, comm_,
                    &requests_[static_cast<std::size_t>(ranks_ + to)]));
  }
  static void check(int code) {
    if (code == MPI_SUCCESS) return;
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    MPI_Error_string(code, text.data(), &length);
    throw RankError(cat("a message between ranks failed: ", text.data()));
  }

  template <class T>
  void add(Part mine) const {
    T* const values = static_cast<T*>(data_) + mine.first;
    const auto from = [&](int r) {
      return r == rank_ ? values : reinterpret_cast<const T*>(term(r, mine.count));
    };
    // In pieces that stay in the nearest cache; a double keeps the digits of floats.
    std::array<double, 512> sums;
    for (Index begin = 0; begin < mine.count; begin += std::ssize(sums)) {
      const Index count = std::min<Index>(std::ssize(sums), mine.count - begin);
      std::copy_n(from(0) + begin, count, sums.begin());
      for (int r = 1; r < ranks_; ++r) {
        const T* const terms = from(r) + begin;
        for (Index i = 0; i < count; ++i)
          sums[static_cast<std::size_t>(i)] += static_cast<double>(terms[i]);
      }
      for (Index i = 0; i < count; ++i)
        values[begin + i] = static_cast<T>(sums[static_cast<std::size_t>(i)]);
    }
  }

  MPI_Comm comm_;
  int rank_, ranks_;
  std::vector<MPI_Request> requests_;  // receiving from each rank, then sending to each
  void* data_ = nullptr;
  Index size_ = 0;
  MPI_Datatype type_ = MPI_FLOAT;
  std::size_t element_ = 0;
  int tag_ = 0;
  bool small_ = false, gathering_ = false;
  Buffer<std::byte> terms_;  // of all ranks for the piece that is added here
};

/// Who a rank is, for sentences about it.
struct Address {
  std::int64_t pid;
  std::array<char, 64> host;
};

/// All messages are sent and received by a thread of its own, so that sums go on while the caller
/// computes; it sleeps between looks, so that it takes little of a busy processor.
class MpiExchange final : public Exchange {
 public:
  explicit MpiExchange(const MpiOptions& options) : options_(options) {
    int level = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &level);
    if (level < MPI_THREAD_SERIALIZED)
      throw Error("this MPI cannot be used by a second thread (MPI_THREAD_SERIALIZED)");
    MPI_Comm_dup(MPI_COMM_WORLD, &comm_);
    MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
    MPI_Comm_rank(comm_, &rank_);
    MPI_Comm_size(comm_, &size_);
    meet();
    for (int i = 0; i < kInFlight; ++i) sums_.emplace_back(comm_, rank_, size_);
    thread_ = std::jthread([this] { work(); });
  }

  ~MpiExchange() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    thread_.join();
    if (lost_.empty())
      MPI_Finalize();
    else
      end_job(1);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void start_sum(std::span<float> values) override { begin(values); }
  void start_sum(std::span<double> values) override { begin(values); }

  void wait() override {
    const Clock::time_point begin = Clock::now();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ == begun_ || !lost_.empty(); });
    waited_ += seconds_since(begin);
    if (!lost_.empty()) throw RankError(lost_);
  }

  double seconds_waited() const override { return waited_; }
  std::int64_t bytes_sent() const override {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  static constexpr int kInFlight = 16;
  static constexpr int kTags = 1 << 14;  // every MPI has twice as many

  /// Everybody learns who the others are; those on the same machine are watched.
  void meet() {
    Address own{getpid(), {}};
    gethostname(own.host.data(), own.host.size() - 1);
    addresses_.resize(static_cast<std::size_t>(size_));
    MPI_Allgather(&own, sizeof(Address), MPI_BYTE, addresses_.data(), sizeof(Address), MPI_BYTE,
                  comm_);
    for (int r = 0; r < size_; ++r) {
      const Address& a = addresses_[static_cast<std::size_t>(r)];
      if (r != rank_ && std::strcmp(a.host.data(), own.host.data()) == 0)
        neighbours_.watch(r, a.pid), near_.push_back(r);
    }
  }

  std::string name(int rank) const {
    const Address& a = addresses_[static_cast<std::size_t>(rank)];
    return cat("rank ", rank, " of ", size_, " (process ", a.pid, " on ", a.host.data(), ")");
  }

  template <class T>
  void begin(std::span<T> values) {
    if (values.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
      throw Error("too many values for one sum");
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return begun_ - done_ < kInFlight || !lost_.empty(); });
    if (!lost_.empty()) throw RankError(lost_);
    sums_[static_cast<std::size_t>(begun_ % kInFlight)].prepare(values,
                                                                static_cast<int>(begun_ % kTags));
    ++begun_;
    lock.unlock();
    changed_.notify_all();
  }

  void work() {
    prctl(PR_SET_TIMERSLACK, 1000UL);
    try {
      while (next_state() != State::end) carry_on();
    } catch (const RankError& e) {
      lose(e.what());
    }
  }

  enum class State { idle, busy, end };
  /// Sleeps while there is nothing to do.
  State next_state() {
    std::unique_lock lock(mutex_);
    while (done_ == begun_) {
      if (!lost_.empty()) return State::end;
      if (closing_) return State::end;
      changed_.wait_for(lock, std::chrono::milliseconds(20));
      if (done_ != begun_ || closing_) continue;
      lock.unlock();
      look_around();
      lock.lock();
    }
    return lost_.empty() ? State::busy : State::end;
  }

  /// Until every sum that was begun is there.
  void carry_on() {
    Clock::time_point heard = Clock::now(), looked = heard;
    for (int idle = 0;;) {
      bool moved = false;
      std::int64_t begun;
      {
        const std::lock_guard lock(mutex_);
        begun = begun_;
      }
      for (; started_ < begun; ++started_, moved = true)
        sums_[static_cast<std::size_t>(started_ % kInFlight)].start();
      // A later sum may be there before an earlier one; they are reported in order.
      std::int64_t done = done_;
      for (std::int64_t s = done; s < started_; ++s) {
        bool& ready = ready_[static_cast<std::size_t>(s % kInFlight)];
        Sum& sum = sums_[static_cast<std::size_t>(s % kInFlight)];
        const bool gathering = sum.gathering();
        if (!ready) ready = sum.advance(), moved |= ready || gathering != sum.gathering();
      }
      std::int64_t bytes = 0;
      while (done < started_ && ready_[static_cast<std::size_t>(done % kInFlight)]) {
        bytes += sums_[static_cast<std::size_t>(done % kInFlight)].bytes();
        ready_[static_cast<std::size_t>(done++ % kInFlight)] = false;
      }
      if (done != done_) {
        const std::lock_guard lock(mutex_);
        done_ = done, bytes_ += bytes;
        changed_.notify_all();
        if (done_ == begun_) return;
      }
      const Clock::time_point now = Clock::now();
      if (moved) heard = now, idle = 0;
      if (now - looked > std::chrono::milliseconds(1)) {
        looked = now;
        if (look_around()) return;
        if (std::chrono::duration<double>(now - heard).count() > patience() && give_up()) return;
      }
      if (!moved) std::this_thread::sleep_for(std::chrono::microseconds(++idle < 50 ? 10 : 50));
    }
  }

  /// Rank 0 speaks first, so that the sentence is said once.
  double patience() const { return options_.timeout + std::min(0.25 * rank_, 2.0); }

  bool give_up() {
    // Ranks that are well have begun the newest sum, too, so whose term is missing there hangs;
    // that an older one is not over may be because somebody else waits.
    for (const bool gathering : {true, false})
      for (std::int64_t s = started_ - 1; s >= done_; --s) {
        Sum& sum = sums_[static_cast<std::size_t>(s % kInFlight)];
        const int r = sum.gathering() == gathering ? sum.missing() : -1;
        if (r >= 0) return lose(cat(name(r), " did not answer for ", options_.timeout, " seconds"));
      }
    return false;
  }

  /// Has a neighbour died?
  bool look_around() {
    const int r = neighbours_.ended();
    if (r < 0) return false;
    // The lowest rank that is left on the machine speaks, unless another has said why the job ends.
    const bool first = std::none_of(near_.begin(), near_.end(),
                                    [&](int other) { return other < rank_ && other != r; });
    if (!first || another_spoke()) std::this_thread::sleep_for(std::chrono::seconds(10));
    return lose(cat(name(r), " was lost"));
  }

  /// Tells the others that this rank ends the job, so that its own end is no news to them.
  void speak() const {
    for (int r = 0; r < size_; ++r) {
      MPI_Request sent = MPI_REQUEST_NULL;
      if (r != rank_) MPI_Isend(nullptr, 0, MPI_BYTE, r, kTags, comm_, &sent);
    }
    another_spoke();  // lets MPI send
  }
  bool another_spoke() const {
    int found = 0;
    for (int i = 0; i < 50 && found == 0; ++i) {
      MPI_Iprobe(MPI_ANY_SOURCE, kTags, comm_, &found, MPI_STATUS_IGNORE);
      if (found == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return found != 0;
  }

  bool lose(const std::string& sentence) {
    {
      const std::lock_guard lock(mutex_);
      if (!lost_.empty()) return true;
      lost_ = sentence;
    }
    speak();
    if (options_.on_lost) options_.on_lost(sentence);
    changed_.notify_all();
    return true;
  }

  MpiOptions options_;
  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1;
  std::vector<Address> addresses_;
  std::vector<int> near_;  // ranks on the same machine
  Neighbours neighbours_;
  double waited_ = 0;  // the caller's

  // Sum number n uses place n % kInFlight of each.
  std::deque<Sum> sums_;
  std::array<bool, kInFlight> ready_ = {};
  std::int64_t started_ = 0;  // the thread's

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::int64_t begun_ = 0, done_ = 0, bytes_ = 0;
  std::string lost_;
  bool closing_ = false;
  std::jthread thread_;
};

}  // namespace

bool launched() {
  return variable({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "MV2_COMM_WORLD_SIZE"}) !=
         nullptr;
}

int launched_rank() {
  return number(variable({"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "MV2_COMM_WORLD_RANK"}),
                0);
}

int launched_size() {
  return number(variable({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"}), 1);
}

std::unique_ptr<Exchange> join(const MpiOptions& options) {
  return std::make_unique<MpiExchange>(options);
}

void end_job(int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

}  // namespace chainrule::dist
