#include "cli/trial.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>

#include "chainrule/core/thread_pool.h"
#include "chainrule/train/fit.h"
#include "cli/format.h"

namespace chainrule::cli {
namespace {

/// Of Student's distribution with `freedom` degrees of freedom, the value that is exceeded with a
/// probability of 2.5 %; NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2.
double student(std::size_t freedom) {
  constexpr std::array<double, 30> kTable = {
      12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
      2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
      2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  return freedom <= kTable.size() ? kTable[freedom - 1]
                                  : 1.960 + 2.5 / static_cast<double>(freedom);
}

}  // namespace

Trial run_trial(const TrainFlags& flags, const Splits& splits, const std::atomic<bool>& stop,
                Index epochs) {
  Trial trial;
  FitOptions options = fit_options(flags, splits.train);
  options.threads = 1;
  options.pause_after_epochs = epochs;
  options.stop = &stop;
  Model model = make_model(flags.model, splits.train, static_cast<std::uint64_t>(flags.seed),
                           splits.schema.task);
  History history;
  try {
    history = fit(model, splits, options);
  } catch (const NumericError& e) {
    trial.failure = e.what();
    return trial;
  }
  if (history.stopped == StopReason::interrupted) throw InterruptedTrial("interrupted");
  trial.best_epoch = history.best_epoch;
  trial.seconds = history.train_seconds;
  trial.measured = measure_parts(model, splits, {.threads = 1});
  return trial;
}

void side_by_side(std::size_t count, int threads, const std::function<void(std::size_t)>& task) {
  std::atomic<std::size_t> next = 0;
  std::exception_ptr failure;
  std::mutex mutex;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        task(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next = count;
      }
    }
  };
  const int wanted = threads > 0 ? threads : ThreadPool::available();
  std::vector<std::jthread> workers;
  for (int t = 1; t < std::min<int>(wanted, static_cast<int>(count)); ++t)
    workers.emplace_back(work);
  work();
  workers.clear();
  if (failure) std::rethrow_exception(failure);
}

Figure figure_of(Task task) {
  return task == Task::regression ? Figure{"rmse", false} : Figure{"accuracy", true};
}

double value_of(const Evaluation& e, Task task) {
  return task == Task::regression ? e.rmse : e.accuracy;
}

std::string figure_text(double value, Task task) {
  return task == Task::regression ? compact(value) : percent(value);
}

Mean mean_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  Mean m;
  m.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double v : values) squares += (v - m.mean) * (v - m.mean);
  m.deviation = values.size() > 1 ? std::sqrt(squares / (n - 1)) : 0;
  const double half =
      values.size() > 1 ? student(values.size() - 1) * m.deviation / std::sqrt(n) : 0;
  m.low = m.mean - half, m.high = m.mean + half;
  return m;
}

}  // namespace chainrule::cli
