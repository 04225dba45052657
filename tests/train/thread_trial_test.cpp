#include "chainrule/train/thread_trial.h"

#include <gtest/gtest.h>
#include <thread>

namespace chainrule {
namespace {

/// A step that takes `serial_us` on one thread and `shared_us` on several.
void run(ThreadPool& pool, ThreadTrial& trial, int steps, int serial_us, int shared_us) {
  for (int i = 0; i < steps; ++i) {
    trial.start_step();
    int pieces = 0;
    pool.split(2, 1, [&](Index begin, Index end) {
      if (begin == 0) pieces = end == 2 ? 1 : 2;
    });
    std::this_thread::sleep_for(std::chrono::microseconds(pieces == 1 ? serial_us : shared_us));
    trial.end_step();
  }
}

int pieces_of_next_step(ThreadPool& pool, ThreadTrial& trial) {
  trial.start_step();
  int pieces = 0;
  pool.split(2, 1, [&](Index begin, Index end) {
    if (begin == 0) pieces = end == 2 ? 1 : 2;
  });
  trial.end_step();
  return pieces;
}

TEST(ThreadTrial, KeepsToTheFaster) {
  constexpr int kEnough = 30;
  ThreadPool pool(2);
  ThreadTrial slow_threads(pool), fast_threads(pool);
  run(pool, slow_threads, kEnough, 0, 3000);
  EXPECT_EQ(pieces_of_next_step(pool, slow_threads), 1);
  run(pool, fast_threads, kEnough, 3000, 0);
  EXPECT_EQ(pieces_of_next_step(pool, fast_threads), 2);
}

}  // namespace
}  // namespace chainrule
