// What happened during training: one row per epoch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "chainrule/core/shape.h"

namespace chainrule {

/// How good the network was on one part of the data. NaN: not measured.
struct Score {
  double loss = std::numeric_limits<double>::quiet_NaN();
  double accuracy = std::numeric_limits<double>::quiet_NaN();  ///< of classes; 0 to 1

  bool measured() const { return loss == loss; }
  bool has_accuracy() const { return accuracy == accuracy; }
};

struct EpochRow {
  Index epoch = 0;        ///< from 1
  std::int64_t step = 0;  ///< steps done at its end
  double lr = 0;          ///< of its last step
  /// Mean over the epoch's steps, while the parameters changed; the loss includes penalties.
  Score train;
  Score validation, test;  ///< at the end of the epoch
  double seconds = 0;      ///< of the epoch, measuring included
};

enum class StopReason {
  finished,     ///< all epochs or steps were done
  early,        ///< no improvement for as long as early stopping waits
  interrupted,  ///< somebody asked for an end
  paused,       ///< as many epochs or steps as this call was to do; the run is not over
  diverged,     ///< NaN or infinity in loss or gradient
};
std::string_view to_string(StopReason reason);

struct History {
  /// A row per epoch. Of a run with more than kMostRows epochs every 2nd, 4th, ... and the last.
  std::vector<EpochRow> epochs;
  Index stride = 1;        ///< epochs from one row to the next
  std::int64_t steps = 0;  ///< done in all
  /// The epoch whose parameters the model has at the end, unless training diverged; from 1, 0
  /// before the first has ended.
  Index best_epoch = 0;
  StopReason stopped = StopReason::finished;
  double train_seconds = 0;  ///< steps only, without measuring on validation and test data

  static constexpr std::size_t kMostRows = 1 << 14;
  /// Adds the row of the next epoch; memory is bounded, see epochs.
  void add(const EpochRow& row);

  /// The row of best_epoch, or the nearest before it that was kept; null when there is none.
  const EpochRow* best() const;

  /// A line of titles and one line per epoch; what was not measured stays empty.
  std::string csv() const;
  /// Throws DataError when the file cannot be written.
  void write_csv(const std::filesystem::path& path) const;
};

}  // namespace chainrule
