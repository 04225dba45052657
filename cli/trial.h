// Networks that are trained to be compared, not to be kept: quietly, many at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "chainrule/train/history.h"
#include "cli/run_files.h"
#include "cli/train_flags.h"

namespace chainrule::cli {

struct Trial {
  Measured measured;
  Index best_epoch = 0;
  double seconds = 0;
  std::string failure;  ///< why it has no figures: training met numbers that are not finite
};

/// Trains one network by one thread; above 0, `epochs` of the epochs that the flags ask for, as a
/// run that pauses there. Throws InterruptedTrial when `stop` becomes true.
Trial run_trial(const TrainFlags& flags, const Splits& splits, const std::atomic<bool>& stop,
                Index epochs = 0);

/// A network was stopped before it was ready.
class InterruptedTrial : public Error {
 public:
  using Error::Error;
};

/// Calls task(0), task(1), ... task(count - 1), as many at once as there are `threads` (0: one per
/// processor). The first exception is thrown again when all that had begun have ended.
void side_by_side(std::size_t count, int threads, const std::function<void(std::size_t)>& task);

/// What runs are compared by: the accuracy, or the root of the mean squared error.
struct Figure {
  const char* name;  ///< "accuracy" or "rmse"
  bool higher_is_better;
};
Figure figure_of(Task task);
double value_of(const Evaluation& e, Task task);
/// "97.65 %" or "0.3127"
std::string figure_text(double value, Task task);

/// Mean of `values`, and the 95 % interval of the mean by Student's t distribution.
struct Mean {
  double mean = 0, low = 0, high = 0, deviation = 0;
};
Mean mean_of(const std::vector<double>& values);

}  // namespace chainrule::cli
