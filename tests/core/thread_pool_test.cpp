#include "chainrule/core/thread_pool.h"

#include <atomic>
#include <fstream>
#include <gtest/gtest.h>
#include <new>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "chainrule/core/error.h"

namespace chainrule {
namespace {

TEST(ThreadPool, RunsEachTaskOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const Index tasks : {0, 1, 2, 7, 100}) {
      for (int repeat = 0; repeat < 200; ++repeat) {
        std::vector<int> runs(static_cast<std::size_t>(tasks), 0);
        pool.run(tasks, [&](Index i) { ++runs[static_cast<std::size_t>(i)]; });
        for (const int n : runs) ASSERT_EQ(n, 1);
      }
    }
  }
}

TEST(ThreadPool, SplitCoversTheRangeWithoutOverlap) {
  ThreadPool pool(4);
  for (const Index n : {0, 1, 3, 4, 5, 1000})
    for (const Index grain : {1, 10, 5000}) {
      std::vector<int> seen(static_cast<std::size_t>(n), 0);
      pool.split(n, grain, [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
      });
      for (const int s : seen) EXPECT_EQ(s, 1);
    }
}

TEST(ThreadPool, ALateThreadLosesItsPieceToOthers) {
  ThreadPool pool(2);
  std::atomic<int> count{0};
  // The thread that runs a task of its own half waits until the other has run all others.
  pool.run(10, [&](Index) {
    if (count.fetch_add(1) == 0)
      while (count != 10) std::this_thread::yield();
  });
  EXPECT_EQ(count, 10);
}

TEST(ThreadPool, SerialMeansTheCallingThread) {
  ThreadPool pool(4);
  pool.set_serial(true);
  const std::thread::id caller = std::this_thread::get_id();
  int pieces = 0;
  pool.split(1000, 1, [&](Index begin, Index end) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_EQ(end - begin, 1000);
    ++pieces;
  });
  EXPECT_EQ(pieces, 1);
}

TEST(ThreadPool, ALoopInsideALoopRunsOnItsThread) {
  ThreadPool pool(3);
  std::atomic<int> count{0};
  pool.run(6, [&](Index) { pool.run(5, [&](Index) { ++count; }); });
  EXPECT_EQ(count, 30);
}

TEST(ThreadPool, PassesAnExceptionOnAndGoesOnWorking) {
  ThreadPool pool(3);
  for (int repeat = 0; repeat < 20; ++repeat) {
    EXPECT_THROW(pool.run(50,
                          [](Index i) {
                            if (i == 17) throw Error("seventeen");
                          }),
                 Error);
    std::atomic<int> count{0};
    pool.run(10, [&](Index) { ++count; });
    EXPECT_EQ(count, 10);
  }
}

TEST(ThreadPool, RefusesAbsurdNumbers) {
  EXPECT_THROW(ThreadPool(-1), Error);
  EXPECT_THROW(ThreadPool(100'000), Error);
  EXPECT_GE(ThreadPool::available(), 1);
}

TEST(Text, CatGroupedAndClosest) {
  EXPECT_EQ(cat("row ", 3, " has ", 2.5), "row 3 has 2.5");
  EXPECT_EQ(grouped(101770), "101,770");
  EXPECT_EQ(grouped(-1000), "-1,000");
  EXPECT_EQ(grouped(999), "999");
  const std::vector<std::string> names = {"linear", "relu", "dropout"};
  EXPECT_EQ(closest("linaer", names), "linear");
  EXPECT_EQ(closest("xyzzyxyzzy", names), "");
}

TEST(ThreadPool, AnExceptionOfAnyThreadReachesTheCaller) {
  ThreadPool pool(4);
  for (int repeat = 0; repeat < 50; ++repeat) {
    EXPECT_THROW(pool.run(100,
                          [&](Index i) {
                            if (i == repeat * 2) throw std::bad_alloc();
                          }),
                 std::bad_alloc);
    std::atomic<int> count{0};
    pool.run(100, [&](Index) { ++count; });  // and it works on
    ASSERT_EQ(count, 100);
  }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// A process that may have no more threads goes on with those that it has.
TEST(ThreadPool, HasFewerThreadsWhenTheSystemStartsNoMore) {
  const pid_t child = ::fork();
  if (child == 0) {
    rlimit limit{};
    ::getrlimit(RLIMIT_AS, &limit);
    std::ifstream statm("/proc/self/statm");
    rlim_t pages = 0;
    statm >> pages;
    // Room for the stacks of about two threads.
    limit.rlim_cur = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (20u << 20);
    ::setrlimit(RLIMIT_AS, &limit);
    ThreadPool pool(64);
    std::atomic<int> count{0};
    pool.run(1000, [&](Index) { ++count; });
    ::_exit(pool.threads() < 64 && pool.threads() >= 1 && count == 1000 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}
#endif

}  // namespace
}  // namespace chainrule
