#include "chainrule/train/thread_trial.h"

#include <algorithm>

namespace chainrule {

void ThreadTrial::trial_step() {
  const Clock::time_point now = Clock::now();
  if (done_ > 0) {
    const int last = done_ - 1, place = last % kBlock - 1, pair = last / (2 * kBlock);
    if (place >= 0)
      times_[serial_][static_cast<std::size_t>(pair * (kBlock - 1) + place)] = now - begin_;
  }
  if (done_ == kBlock * kBlocks) {
    for (auto& times : times_)
      std::nth_element(times.begin(), times.begin() + kCounted / 2, times.end());
    serial_ = times_[1][kCounted / 2] < times_[0][kCounted / 2];
    done_ = 0;
    wait_ = kBetween;
    return;
  }
  serial_ = done_ / kBlock % 2 == 1;
  begin_ = now;
  ++done_;
}

}  // namespace chainrule
