#include "cli/watch.h"

#include <algorithm>
#include <cmath>

#include "chainrule/core/thread_pool.h"
#include "chainrule/train/fit.h"
#include "cli/format.h"

namespace chainrule::cli {
namespace {

constexpr std::int64_t kMostRows = 50;
constexpr std::int64_t kThinnedRows = 20;

/// 1, 2 or 5 times a power of ten, at least `x`.
std::int64_t round_up(std::int64_t x) {
  for (std::int64_t power = 1;; power *= 10)
    for (const std::int64_t digit : {1, 2, 5})
      if (digit * power >= x) return digit * power;
}

}  // namespace

void TrainingWatch::on_start(const RunInfo& info) {
  const int asked = info.options.threads > 0 ? info.options.threads : ThreadPool::available();
  if (info.threads < asked)
    terminal_.labelled("threads", cat(info.threads, " instead of ", asked,
                                      ": the system starts no more, or has no memory for them"));
  classes_ = info.data.train.has_classes();
  validation_ = info.data.validation.rows() > 0;
  test_ = info.data.test.rows() > 0;
  steps_ = info.steps;
  steps_per_epoch_ = std::max<std::int64_t>(1, info.steps_per_epoch);
  const std::int64_t epochs = (steps_ + steps_per_epoch_ - 1) / steps_per_epoch_;
  if (epochs > kMostRows) show_every_ = round_up((epochs + kThinnedRows - 1) / kThinnedRows);

  std::vector<ColumnStyle> columns = {{"epoch", false, 5}};
  const auto add = [&](const std::string& part) {
    columns.push_back({part + " loss", false, 10});
    if (classes_) columns.push_back({part + " acc", false, 9});
  };
  add("train");
  if (validation_) add("valid");
  if (test_) add("test");
  columns.push_back({"time", false, 7});
  table_.emplace(columns);
  terminal_.line(terminal_.dim(table_->header()));
  rate_since_ = Clock::now();
  rate_step_ = info.done;
}

void TrainingWatch::on_step(const StepInfo& info) {
  if (!progress_.due()) return;
  const auto now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - rate_since_).count();
  const double rate = static_cast<double>(info.step - rate_step_) / std::max(seconds, 1e-6);
  rate_ = rate_ == 0 ? rate : 0.7 * rate_ + 0.3 * rate;
  rate_since_ = now;
  rate_step_ = info.step;

  const auto part = [](std::int64_t done, std::int64_t all) {
    return static_cast<double>(done) / static_cast<double>(all);
  };
  const std::int64_t before = (info.epoch - 1) * steps_per_epoch_;
  const double fraction =
      show_every_ > 1 ? part(info.step, steps_)
                      : part(info.step - before, std::min(steps_per_epoch_, steps_ - before));
  const double left = static_cast<double>(steps_ - info.step) / rate_;
  progress_.show(pad_left(grouped(info.epoch), 5), fraction,
                 pad_left(percent(fraction, 0), 5) + "   " + grouped(std::llround(rate_)) +
                     " batch/s   " + duration(left) + " left");
}

void TrainingWatch::on_epoch(const EpochInfo& info) {
  if (info.row.epoch == 1 || info.row.epoch % show_every_ == 0) print(info.row);
  rate_since_ = Clock::now();
  rate_step_ = info.row.step;
}

void TrainingWatch::on_end(const History& history) {
  if (!history.epochs.empty() && history.epochs.back().epoch > printed_)
    print(history.epochs.back());
  progress_.clear();
}

void TrainingWatch::print(const EpochRow& row) {
  progress_.clear();
  std::vector<std::string> cells = {grouped(row.epoch)};
  const auto add = [&](const Score& score) {
    cells.push_back(score.measured() ? loss_text(score.loss) : "-");
    if (classes_) cells.push_back(score.has_accuracy() ? percent(score.accuracy) : "-");
  };
  add(row.train);
  if (validation_) add(row.validation);
  if (test_) add(row.test);
  cells.push_back(std::isnan(row.seconds) ? "-" : duration(row.seconds));  // times.json is lost
  terminal_.line(table_->row(cells));
  printed_ = row.epoch;
}

}  // namespace chainrule::cli
