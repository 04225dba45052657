// Waiting for another process of the same machine.
#pragma once

#include <chrono>
#include <cstddef>
#include <thread>

#include "chainrule/core/pause.h"

namespace chainrule::dist {

/// Looks again at once for a short while, then lets other processes run, then sleeps.
class Idle {
 public:
  /// `processes` wait for each other. With fewer processors than these, who looks again at once
  /// keeps the one from running that it waits for.
  explicit Idle(std::size_t processes)
      : spins_(processes <= std::thread::hardware_concurrency() ? kSpins : 0) {}

  void restart() { tries_ = 0; }
  /// True when it has not only looked again: then the clock may be looked at, too.
  bool rest() {
    ++tries_;
    if (tries_ <= spins_) {
      pause();
      return false;
    }
    if (tries_ <= spins_ + kYields)
      std::this_thread::yield();
    else
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    return true;
  }

 private:
  static constexpr int kSpins = 2000;  ///< about 50 microseconds
  static constexpr int kYields = 20;

  int spins_, tries_ = 0;
};

}  // namespace chainrule::dist
