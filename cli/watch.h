// Shows a training run while it runs: a table row per epoch, a growing bar on a terminal.
#pragma once

#include <chrono>
#include <optional>

#include "chainrule/train/observer.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace chainrule::cli {

class TrainingWatch final : public Observer {
 public:
  explicit TrainingWatch(const Terminal& terminal) : terminal_(terminal), progress_(terminal) {}

  void on_start(const RunInfo& info) override;
  void on_step(const StepInfo& info) override;
  void on_epoch(const EpochInfo& info) override;
  void on_end(const History& history) override;

 private:
  using Clock = std::chrono::steady_clock;
  void print(const EpochRow& row);

  const Terminal& terminal_;
  ProgressLine progress_;
  std::optional<Table> table_;
  bool classes_ = false, validation_ = false, test_ = false;
  std::int64_t steps_ = 0, steps_per_epoch_ = 1;
  /// Long runs of short epochs show every n-th epoch only.
  std::int64_t show_every_ = 1;
  Index printed_ = 0;

  Clock::time_point rate_since_{};
  std::int64_t rate_step_ = 0;
  double rate_ = 0;  ///< steps per second, smoothed
};

}  // namespace chainrule::cli
